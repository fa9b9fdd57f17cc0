import Shared
import Testing

@Suite("What an endpoint says about who can listen")
struct WireEndpointTests {
    @Test(
        "Loopback and ipc stay on the machine",
        arguments: [
            "ipc:///tmp/x", "tcp://127.0.0.1:7000", "tcp://127.9.8.7:1", "tcp://localhost:7000", "tcp://[::1]:7000",
        ]
    )
    func local(endpoint: String) { #expect(WireEndpoint.staysOnMachine(endpoint)) }

    @Test(
        "Everything else does not, however much it looks like it",
        arguments: [
            "tcp://10.0.0.2:7000", "tcp://0.0.0.0:7000", "tcp://*:7000", "tcp://[::]:7000", "tcp://node-1:7000",
            "tcp://127.0.0.1.example.org:7000", "tcp://127.0.0.256:1", "tcp://127.0.0:1", "tcp://127.0.0.1;10.0.0.2:1",
            "tcp://127.0.0.1:0;10.0.0.2:7000", "tcp://localhost.example.org:1", "tcp://127.0.0.1", "http://127.0.0.1:1",
            "tcp://lo:7000", "", "tcp://127.+1.0.1:1",
        ]
    )
    func remote(endpoint: String) { #expect(!WireEndpoint.staysOnMachine(endpoint)) }

    @Test("The refusal names the endpoint and what to do")
    func refusal() {
        let sentence = WireEndpoint.refusal(of: "tcp://10.0.0.2:7000")
        for word in ["tcp://10.0.0.2:7000", "--key-file", "--allow-list", "--insecure-wire"] {
            #expect(sentence.contains(word))
        }
    }
}
