/// The figures of one run of `medmoe bench serve`, and what is needed to run it again.
package struct ServeReport: Sendable {
    /// How requests were sent.
    package enum Load: Sendable, Equatable {
        /// So many at once; the next one when one ends.
        case closed(concurrency: Int)
        /// At times that do not depend on answers; `mostDelay` is how late the latest was sent, in seconds.
        case open(RequestRate, mostDelay: Double)
    }

    /// What was run, where.
    package struct Setting: Sendable {
        /// The command line.
        package var command: String
        /// The machine of this client, and often of the server too.
        package var machine: MachineDescription
        /// The server's address.
        package var url: String
        /// The model's name; nil when the server named none.
        package var model: String?
        /// Requests that were to be sent.
        package var requests: Int
        /// The seed of prompts and arrivals.
        package var seed: UInt64
        /// Prompt tokens asked for.
        package var promptTokens: Int
        /// Words of each prompt.
        package var promptWords: Int
        /// Answer tokens asked for.
        package var outputTokens: Int
        /// Pictures given; each request has one of them.
        package var images: Int

        /// Describes a run.
        package init(
            command: String,
            machine: MachineDescription,
            url: String,
            model: String?,
            requests: Int,
            seed: UInt64,
            promptTokens: Int,
            promptWords: Int,
            outputTokens: Int,
            images: Int,
        ) {
            self.command = command
            self.machine = machine
            self.url = url
            self.model = model
            self.requests = requests
            self.seed = seed
            self.promptTokens = promptTokens
            self.promptWords = promptWords
            self.outputTokens = outputTokens
            self.images = images
        }
    }

    /// What was run, where.
    package let setting: Setting
    /// How requests were sent.
    package let load: Load
    /// From the first request to the end of the last, in seconds; above 0.
    package let duration: Double
    /// What became of the requests.
    package let samples: ServeSamples
    /// Failures before the measurement: of the question for the model, of probes and of warm-up.
    package let preparation: FailureCounts
    /// The four latencies by name, nil where there is no time of a kind.
    package let latencies: [(name: String, summary: LatencySummary?)]
    /// The percentiles asked for.
    package let percentiles: [Double]

    /// Computes the figures.
    package init(
        setting: Setting,
        load: Load,
        duration: Double,
        samples: ServeSamples,
        preparation: FailureCounts,
        percentiles: [Double],
    ) {
        self.setting = setting
        self.load = load
        self.duration = max(duration, 1e-9)
        self.samples = samples
        self.preparation = preparation
        self.percentiles = percentiles
        latencies = [
            ("ttft", samples.timeToFirstToken.summary(percentiles: percentiles)),
            ("tpot", samples.timePerOutputToken.summary(percentiles: percentiles)),
            ("itl", samples.interTokenLatency.summary(percentiles: percentiles)),
            ("e2el", samples.endToEnd.summary(percentiles: percentiles)),
        ]
    }

    /// Answered requests a second.
    package var requestsPerSecond: Double { Double(samples.done) / duration }
    /// Answer tokens a second, over all requests.
    package var outputTokensPerSecond: Double { Double(samples.completionTokens) / duration }
    /// Tokens of prompts and answers a second.
    package var totalTokensPerSecond: Double {
        Double(samples.promptTokens + samples.completionTokens) / duration
    }
    /// Requests a second that keep all objectives; nil without objectives.
    package var goodput: Double? {
        samples.objectives.isEmpty ? nil : Double(samples.good) / duration
    }
}
