internal import ArgumentParser
internal import CommandSupport
internal import Foundation
internal import Imaging
internal import Kernels
internal import LocalCluster
internal import Logging
internal import Model
internal import Router
internal import ServingOptions
internal import Shared
internal import Transport

/// `medmoe trace MODEL`: one prompt through the model, every inner value into a file.
struct Trace: AsyncParsableCommand {
    /// What happens to a picture that is not square.
    enum Aspect: String, ExpressibleByArgument, CaseIterable {
        /// Filled up to a square.
        case pad
        /// Its middle is cut out.
        case crop
    }

    /// Which way up a picture is taken.
    enum Orientation: String, ExpressibleByArgument, CaseIterable {
        /// As its Exif data say, as the API does.
        case exif
        /// As it is stored, as the original code does.
        case stored
    }

    static let configuration = CommandConfiguration(
        abstract: "Run one prompt; write every inner value to a file, or show which expert took what.",
        discussion: """
            The prompt is taken as it is; --chat puts it into the conversation template as
            a question. <image> in it stands where a picture belongs; with --chat,
            pictures come first if it has none.

            The file holds input_ids, pixel_values, vision_features, image_embeddings,
            hidden_states.I, for each mixture layer L gate_logits.L, expert_index.L,
            gate_weight.L, routed_output.L, meta_output.L, then logits and generated_ids;
            its metadata generated_text, model and topology.

            EXAMPLES
              medmoe trace models/medmoe-nano --chat \\
                  --prompt "Is this image normal?" --image xray.png --out t.safetensors
              medmoe trace models/medmoe-nano --chat --explain \\
                  --prompt "Is this image normal?" --image xray.png
              medmoe trace models/medmoe-nano --prompt "..." \\
                  --pixels case.safetensors --cluster --nodes 3 --out t.safetensors
            """,
    )

    @Argument(help: "The checkpoint folder.")
    var model: String

    @Option(help: "The prompt.")
    var prompt: String

    @Flag(help: "Put the prompt into the conversation template.")
    var chat = false

    @Option(help: "An image file; may be given several times.")
    var image: [String] = []

    @OptionGroup var imageChoice: ImageChoice

    @Option(
        help: """
            A safetensors file with normalised pixels instead of --image: tensor pixel_values, (3, S, S) or (n, 3, S, S). \
            FILE#NAME takes the tensor NAME.
            """
    )
    var pixels: [String] = []

    @Option(help: "pad or crop. (default: the checkpoint's image_aspect_ratio)")
    var imageAspect: Aspect?

    @Option(
        help: "exif turns a picture as its Exif data say, as the API does; stored takes it as the original code did."
    )
    var orientation = Orientation.exif

    @Option(help: "Tokens to generate, greedily.")
    var maxTokens = 16

    @Flag(help: "Run the experts in expert-node processes.")
    var cluster = false

    @OptionGroup var layout: LayoutOptions

    @OptionGroup var wire: WireOptions

    @OptionGroup var compute: ComputeOptions

    @Option(help: "Compute threads. (default: the number of cores; 1 in each node)")
    var threads: Int?

    @Option(help: "The file to write; may be left out with --explain.")
    var out: String?

    @Flag(help: "Print which expert took which tokens and image patches, layer by layer.")
    var explain = false

    func validate() throws {
        guard out != nil || explain else { throw ValidationError("Give --out FILE, --explain, or both.") }
        guard image.isEmpty || pixels.isEmpty else { throw ValidationError("Give --image or --pixels, not both.") }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is 1 to 1024.") }
        guard (0...100_000).contains(maxTokens) else { throw ValidationError("--max-tokens is 0 to 100000.") }
    }

    func run() async throws {
        let settings = try await Settings(file: nil)
        let wireDType = try wire.dtype(settings)
        let launcher = try RouterLauncher(folder: model, dtype: try compute.dtype(settings))
        let side = launcher.model.tower.imageSize
        let pictures =
            try image.map { try preprocess($0, launcher: launcher) }
            + pixels.flatMap { try PixelFile.read($0, side: side) }
        let question = TraceRun.Question(
            prompt: try makePrompt(launcher.model.template, images: pictures.count),
            pixels: pictures,
            maximumTokens: maxTokens,
            expertTimeout: .seconds(600),
        )
        let count = threads ?? ProcessInfo.processInfo.activeProcessorCount
        let (run, topology) =
            cluster
            ? try await runOnCluster(question, launcher: launcher, wireDType: wireDType, threads: count)
            : (try await runHere(question, launcher: launcher, threads: count), "local")
        if let out { try write(run, topology: topology, modelName: launcher.suggestedName, to: out) }
        if explain {
            let moe = launcher.weights.configuration.moe
            print(run.explanation(model: launcher.model, moe: moe, domains: launcher.domains).text + "\n")
        }
        print(run.text)
    }

    private func makePrompt(_ template: ConversationTemplate, images: Int) throws -> String {
        guard chat else { return prompt }
        let marks = PromptTokenizer.imageCount(in: prompt) == 0 ? images : 0
        let text = String(repeating: PromptTokenizer.imageMarker + "\n", count: marks) + prompt
        return try template.prompt(turns: [ChatTurn(role: .user, text: text)])
    }

    private func preprocess(_ path: String, launcher: RouterLauncher) throws -> [Float] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw AskError("The image \(path) cannot be read.")
        }
        var preprocessing = launcher.preprocessing
        if let imageAspect { preprocessing.padToSquare = imageAspect == .pad }
        let type = path.lowercased().hasSuffix(".dcm") ? "application/dicom" : nil
        let options = try imageChoice.options(applyOrientation: orientation == .exif)
        let decoded = try ImageDecoder.decode(Array(data), declaredType: type, options: options)
        return ImagePreprocessor(preprocessing).pixelValues(decoded.image)
    }

    private func runHere(
        _ question: TraceRun.Question,
        launcher: RouterLauncher,
        threads: Int,
    ) async throws -> TraceRun {
        let bank = try launcher.loadExperts()
        return try await ComputeThread.value(named: "trace") {
            let pool = ThreadPool(threads: threads)
            let plane = try LocalExpertPlane(
                executor: LocalExpertExecutor(experts: bank, pool: pool, node: NodeID("local"))
            )
            return try TraceRun(question, model: launcher.model, plane: plane, pool: pool)
        }
    }

    private func runOnCluster(
        _ question: TraceRun.Question,
        launcher: RouterLauncher,
        wireDType: WireDType,
        threads: Int,
    ) async throws -> (TraceRun, String) {
        let cluster = try LayerCluster(model: model, layout: layout, launcher: launcher, wireDType: wireDType)
        let run = try await cluster.with(threads: threads) { plane, pool in
            try TraceRun(question, model: launcher.model, plane: plane, pool: pool)
        }
        return (run, "cluster:" + cluster.nodes.map { "\($0.id)=\($0.experts)" }.joined(separator: ";"))
    }

    private func write(_ run: TraceRun, topology: String, modelName: String, to out: String) throws {
        var writer = SafetensorsWriter(metadata: [
            "generated_text": run.text,
            "model": modelName,
            "topology": topology,
        ])
        for tensor in run.tensors {
            switch tensor.values {
            case .floats(let floats): writer.add(tensor.name, shape: tensor.shape, floats: floats)
            case .integers(let integers):
                writer.add(tensor.name, shape: tensor.shape, integers: integers.map(Int64.init))
            }
        }
        try writer.write(to: out)
    }
}
