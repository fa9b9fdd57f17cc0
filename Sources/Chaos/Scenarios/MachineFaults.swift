internal import Foundation
internal import LocalCluster
internal import Shared

extension ChaosScenario {
    /// Machines whose disk is full, whose clock jumps, or whose kernel loses packets.
    static let machine = [
        ChaosScenario("disk-full", "no space for logs (root: a small tmpfs)", diskFull),
        ChaosScenario("clock-jump", "the router's wall clock jumps by an hour (libfaketime)", clockJump),
        ChaosScenario("netem", "1 % loss and 10 ms in the kernel (root: a network namespace and sch_netem)", netem),
        ChaosScenario("plain", "TCP links and no fault; what netem runs inside its namespace", plain),
    ]

    private static let diskFull: @Sendable (ChaosStage) async throws -> ChaosRow = { stage in
        let name = "disk-full"
        guard SystemTool.isRoot, let mount = SystemTool.path("mount"), let unmount = SystemTool.path("umount") else {
            return ChaosRow(name, unavailable: "a small tmpfs needs root and mount")
        }
        let folder = stage.setup.folder + "/disk-full"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let mounted = await SystemTool.run(mount, ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder])
        guard mounted.status == 0 else {
            return ChaosRow(name, unavailable: "a small tmpfs could not be mounted, which a container may forbid")
        }
        var configuration = ChaosCluster.Configuration(.replicated(parts: 2, replicas: 1))
        configuration.logs = folder + "/logs"
        configuration.routerArguments = ["--log-level", "debug"]
        configuration.nodeArguments = ["--log-level", "debug"]
        let result: Result<ChaosRow, any Error>
        do {
            let row = try await stage.with(configuration, name: name) { cluster in
                let calm = try await stage.calm(cluster)
                let filler = FileManager.default.createFile(atPath: folder + "/filler", contents: Data(count: 1))
                if filler, let handle = FileHandle(forWritingAtPath: folder + "/filler") {
                    // Until there is no space left.
                    for _ in 0..<1024 { do { try handle.write(contentsOf: Data(count: 1024)) } catch { break } }
                    try? handle.close()
                }
                let tally = try await stage.load.run(at: cluster.url()) { monitor in
                    try await monitor.wait(forMore: 100, within: .seconds(120))
                }
                var row = ChaosRow(name, tally, calmWorst: calm.worst)
                row.demandNoLoss()
                row.demand(cluster.processes.allSatisfy(\.isRunning), "a process ended because it could not log")
                return row
            }
            result = .success(row)
        } catch {
            result = .failure(error)
        }
        _ = await SystemTool.run(unmount, ["-l", folder])
        return try result.get()
    }

    private static let clockJump: @Sendable (ChaosStage) async throws -> ChaosRow = { stage in
        let name = "clock-jump"
        let libraries = [
            "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
            "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
            "/usr/lib/faketime/libfaketimeMT.so.1",
        ]
        guard let library = libraries.first(where: FileManager.default.fileExists) else {
            return ChaosRow(name, unavailable: "libfaketime is not installed; apt-get install faketime")
        }
        let offset = stage.setup.folder + "/clock"
        try "+0".write(toFile: offset, atomically: true, encoding: .utf8)
        var configuration = ChaosCluster.Configuration(.replicated(parts: 2, replicas: 2))
        // Wall clocks jump; the monotonic clock, by which time is measured here, does not.
        configuration.routerEnvironment = [
            "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": offset, "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        ]
        // The library adds a variable when it is loaded first, which moves the environment, and behind that Swift looks
        // for a program's arguments. The shell takes that on itself.
        configuration.startsRouterThroughShell = true
        return try await stage.with(configuration, name: name) { cluster in
            let calm = try await stage.calm(cluster)
            let tally = try await stage.load.run(at: cluster.url()) { monitor in
                for jump in ["+3600", "-3600", "+0"] {
                    try jump.write(toFile: offset, atomically: true, encoding: .utf8)
                    try await monitor.wait(forMore: 30, within: .seconds(60))
                }
            }
            var row = ChaosRow(name, tally, calmWorst: calm.worst)
            row.demandNoLoss()
            return row
        }
    }

    private static let plain: @Sendable (ChaosStage) async throws -> ChaosRow = { stage in
        var configuration = ChaosCluster.Configuration(.replicated(parts: 2, replicas: 2))
        configuration.isProxied = true
        return try await stage.with(configuration, name: "plain") { cluster in
            let tally = try await stage.load.run(at: cluster.url()) { monitor in
                try await monitor.wait(forMore: min(200, stage.setup.requests), within: .seconds(120))
            }
            return ChaosRow("plain", tally)
        }
    }

    /// Runs this program in a network namespace of its own, so that nobody else's packets are lost.
    private static let netem: @Sendable (ChaosStage) async throws -> ChaosRow = { stage in
        let name = "netem"
        let instead = "; the rows delay-50ms, loss-1pct, rate-1mbit and cut-* use a proxy and need no rights"
        guard SystemTool.isRoot, let ip = SystemTool.path("ip"), let tc = SystemTool.path("tc") else {
            return ChaosRow(name, unavailable: "it needs root, ip and tc (iproute2)" + instead)
        }
        let space = "medmoe-chaos-\(ProcessInfo.processInfo.processIdentifier)"
        guard await SystemTool.run(ip, ["netns", "add", space]).status == 0 else {
            return ChaosRow(name, unavailable: "a network namespace cannot be made here" + instead)
        }
        var row = ChaosRow(name, unavailable: "this kernel has no sch_netem" + instead)
        let inside = ["netns", "exec", space]
        _ = await SystemTool.run(ip, inside + [ip, "link", "set", "lo", "up"])
        let words = ["qdisc", "add", "dev", "lo", "root", "netem", "loss", "1%", "delay", "10ms"]
        if await SystemTool.run(ip, inside + [tc] + words).status == 0,
            let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        {
            let result = await SystemTool.run(
                ip,
                inside + [
                    own, stage.setup.model, "--only", "plain", "--json", "--seed", String(stage.setup.seed), "--logs",
                    stage.setup.folder + "/netem", "--requests", String(stage.setup.requests),
                ]
            )
            row = ChaosRow(name, LoadTally(report: result.output))
            row.demand(result.status == 0, "the run inside the namespace ended with \(result.status)")
            row.demand(row.tally.requests > 0, "the run inside the namespace said nothing that can be read")
        }
        _ = await SystemTool.run(ip, ["netns", "delete", space])
        return row
    }
}

extension LoadTally {
    /// The numbers of the first row of a report as `--json` prints it; zeros when it is none.
    package init(report: String) {
        guard let line = report.split(separator: "\n").last(where: { $0.hasPrefix("{") }),
            case .object(let object) = try? JSONParser.parse(Array(line.utf8)),
            case .array(let rows) = object["rows"], case .object(let row) = rows.first
        else { self.init(); return }
        func number(_ name: String) -> Int {
            guard case .integer(let value) = row[name] else { return 0 }
            return value
        }
        self.init(
            requests: number("requests"),
            failed: number("failed"),
            degraded: number("degraded"),
            wrong: number("wrong"),
            hung: number("hung"),
            worst: .milliseconds(number("worst_ms")),
        )
    }
}
