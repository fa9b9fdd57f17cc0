internal import ArgumentParser
internal import Shared

/// `medmoe`: the command that people type.
struct MedMoE: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "medmoe",
        abstract: "Serves Med-MoE medical vision-language models, in one process or spread over expert nodes.",
        discussion: """
            Not a medical device; its answers are for research and demonstration.

            FIRST STEPS
              medmoe serve models/medmoe-nano        one process, port 8080
              medmoe cluster up models/medmoe-nano   one process for each expert
              medmoe ask --image xray.png "Is there evidence of pneumonia?"
              medmoe inspect models/medmoe-nano      what a checkpoint holds
              medmoe convert models/medmoe-nano DST  the same in other numbers or files

            Exit codes: 0 done, 1 the work failed, 2 the words were wrong.
            """,
        version: SoftwareVersion.number,
        subcommands: [
            Serve.self, Cluster.self, Ask.self, Nodes.self, Experts.self, Placement.self, Drain.self, Keys.self,
            Inspect.self, Convert.self, Tokenize.self, Trace.self, Score.self, Eval.self, Bench.self,
        ],
    )
}
