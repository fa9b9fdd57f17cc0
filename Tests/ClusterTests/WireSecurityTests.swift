import Foundation
import LocalCluster
import Shared
import Testing

/// Router and nodes with keys over tcp on the loopback, as real processes.
@Suite("A cluster with keys", .serialized)
struct WireSecurityTests {
    static let question = "Is there evidence of pneumonia?"

    /// A running cluster of one node with the domain experts and one with the meta experts.
    final class Keyed {
        let folder: URL
        let http: HTTP
        let adminPort: Int
        private var children: [ChildProcess] = []
        private var ports: [String: Int] = [:]
        private(set) var keys: [String: String] = [:]

        init() async throws {
            folder = try Checkout.temporaryFolder()
            let found = try (0..<4).map { _ in try #require(FreePort.find()) }
            ports = ["domain": found[0], "meta": found[1], "router": found[2]]
            adminPort = found[3]
            http = HTTP(base: "http://127.0.0.1:\(found[2])")
            for name in ["domain", "meta", "router", "stranger"] {
                let run = try await Command.run(
                    "medmoe",
                    ["keys", "new", "--out", path(name + ".key"), "--name", name]
                )
                #expect(run.status == 0, "\(run.errors)")
                keys[name] = run.output.trimmingCharacters(in: .whitespacesAndNewlines)
            }
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func path(_ name: String) -> String { folder.appending(path: name).path }
        private func endpoint(_ name: String) -> String { "tcp://127.0.0.1:\(ports[name] ?? 0)" }

        /// Writes the list for all: which experts each node's key is good for, and whose key is the router's.
        func allow(domain: String, meta: String, router: String = "router") throws {
            let nodes = [("domain", domain), ("meta", meta)].map { name, experts in
                ["name": name, "key": keys[name] ?? "", "experts": experts, "endpoint": endpoint(name)]
            }
            let list: [String: Any] = ["routers": [["name": "router", "key": keys[router] ?? ""]], "nodes": nodes]
            try JSONSerialization.data(withJSONObject: list).write(
                to: URL(filePath: path("allow.json")),
                options: .atomic
            )
        }

        func start() throws {
            try start("domain", "medmoe-expert", node("domain", "*.0,*.1,*.2,*.3,*.4", admin: adminPort))
            try start("meta", "medmoe-expert", node("meta", "*.meta", admin: 0))
            try start(
                "router",
                "medmoe-router",
                [
                    "--nodes", "\(endpoint("domain")),\(endpoint("meta"))", "--port", String(ports["router"] ?? 0),
                    "--threads", "1",
                ]
            )
        }

        private func node(_ name: String, _ experts: String, admin: Int) -> [String] {
            ["--node", name, "--experts", experts, "--listen", endpoint(name), "--admin-port", String(admin)]
        }

        private func start(_ name: String, _ program: String, _ arguments: [String]) throws {
            children.append(
                try ChildProcess(
                    name: name,
                    executable: Checkout.programs + "/" + program,
                    arguments: arguments + [
                        "--model", Checkout.nano, "--key-file", path(name + ".key"), "--allow-list", path("allow.json"),
                    ],
                    environment: ProcessInfo.processInfo.environment,
                    logPath: path(name + ".log"),
                )
            )
        }

        func log(_ name: String) -> String { (try? String(contentsOfFile: path(name + ".log"), encoding: .utf8)) ?? "" }

        func stop() async {
            let deadline = ContinuousClock.now + .seconds(30)
            for child in children.reversed() { child.terminate() }
            for child in children where !(await child.waitForExit(until: deadline)) { child.signal(SIGKILL) }
        }

        /// Waits until a page of the router, or of the node's health endpoint, has these words.
        func wait(for words: String, without others: String? = nil, at path: String, ofNode: Bool = false) async throws
        {
            let page = ofNode ? HTTP(base: "http://127.0.0.1:\(adminPort)") : http
            let deadline = ContinuousClock.now + .seconds(60)
            var last = ""
            while deadline > .now {
                if let answer = try? await page.get(path) {
                    last = answer.text
                    if last.contains(words), !(others.map { last.contains($0) } ?? false) { return }
                }
                try await Task.sleep(for: .milliseconds(20))
            }
            Issue.record("\(path) did not say \"\(words)\" within a minute: \(last)")
        }
    }

    @Test("With keys the cluster answers as without, and a key taken off the list loses its experts, live")
    func answers() async throws {
        let plain = try await TestCluster.with { _, http in try await http.ask(Self.question).content }
        let cluster = try await Keyed()
        try cluster.allow(domain: "all", meta: "*.meta")
        try cluster.start()
        do {
            try await cluster.http.waitForReadiness()
            #expect(try await cluster.http.ask(Self.question).content == plain)
            // The metas' node may not host them any more.
            try cluster.allow(domain: "all", meta: "*.0")
            try await cluster.wait(for: "Node meta hosts expert", at: "/readyz")
            try cluster.allow(domain: "all", meta: "*.meta")
            try await cluster.http.waitForReadiness()
            #expect(try await cluster.http.ask(Self.question).content == plain)
        } catch {
            Issue.record("\(error): \(cluster.log("router"))")
        }
        await cluster.stop()
        let secrets = try ["domain", "meta", "router"].map { try secret(cluster.path($0 + ".key")) }
        for name in ["domain", "meta", "router"] {
            for secret in secrets { #expect(!cluster.log(name).contains(secret)) }
        }
    }

    @Test("A node with a key for another expert is refused and named, and its experts are missing")
    func wrongExperts() async throws {
        let cluster = try await Keyed()
        try cluster.allow(domain: "all", meta: "*.0")
        try cluster.start()
        try await cluster.wait(for: "Node meta hosts expert", at: "/readyz")
        let answer = try await cluster.http.ask(Self.question)
        #expect(answer.status == 503, "\(answer.text)")
        await cluster.stop()
    }

    @Test("A router whose key nobody knows gets no traffic; both sides say so and count it")
    func unknownRouter() async throws {
        let cluster = try await Keyed()
        try cluster.allow(domain: "all", meta: "*.meta", router: "stranger")
        try cluster.start()
        try await cluster.wait(for: "this router's key is not on its allow-list", at: "/control/v1/nodes")
        let counted = "medmoe_wire_auth_failures_total{reason=\"denied\"}"
        for ofNode in [false, true] {
            try await cluster.wait(for: counted, without: counted + " 0\n", at: "/metrics", ofNode: ofNode)
        }
        #expect(cluster.log("domain").contains("its key is not on the allow-list"))
        await cluster.stop()
    }

    @Test("What the command prints of a key file is its public half, and a file is never overwritten")
    func command() async throws {
        let cluster = try await Keyed()
        let file = cluster.path("router.key")
        let shown = try await Command.run("medmoe", ["keys", "show", file])
        #expect(shown.output == "\(cluster.keys["router"] ?? "")\n")
        #expect(!(shown.output + shown.errors).contains(try secret(file)))
        let again = try await Command.run("medmoe", ["keys", "new", "--out", file])
        #expect(again.status == 1)
        #expect(again.errors.contains("not overwritten"))
    }

    @Test(
        "In plain, endpoints of other machines are refused with what to do",
        arguments: ["medmoe-router", "medmoe-expert"]
    )
    func plainElsewhere(program: String) async throws {
        let words =
            program == "medmoe-router"
            ? ["--nodes", "tcp://10.0.0.2:7000"]
            : ["--listen", "tcp://0.0.0.0:7000", "--node", "a", "--experts", "all"]
        let run = try await Command.run(program, ["--model", Checkout.nano] + words)
        #expect(run.status == 2)
        #expect(run.errors.contains("--insecure-wire"), "\(run.errors)")
    }

    private func secret(_ path: String) throws -> String {
        let data = try Data(contentsOf: URL(filePath: path))
        return try #require((JSONSerialization.jsonObject(with: data) as? [String: String])?["secret"])
    }
}
