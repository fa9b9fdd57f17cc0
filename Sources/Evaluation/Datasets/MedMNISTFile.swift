/// Reads MedMNIST's `.npz` files: pictures and labels of a part each, for classification among label texts.
enum MedMNISTFile {
    /// What is known of one set, by the beginning of its file's name.
    private struct Known {
        var name: String
        var labels: [String]
        var prompt: String
        var modality: String
    }

    private static let known = [
        Known(
            name: "pneumoniamnist",
            labels: ["normal", "pneumonia"],
            prompt: "What is the diagnosis of this chest X-ray?",
            modality: "X-ray",
        ),
        Known(
            name: "organcmnist",
            labels: [
                "bladder", "femur-left", "femur-right", "heart", "kidney-left", "kidney-right", "liver", "lung-left",
                "lung-right", "pancreas", "spleen",
            ],
            prompt: "Which organ is shown in this abdominal CT image?",
            modality: "CT",
        ),
    ]
    private static let splits = ["train", "val", "test"]

    /// The pictures of a part, `test` unless told otherwise, with the label texts.
    static func parse(
        _ bytes: [UInt8],
        name: String,
        options: Dataset.Options,
    ) throws(EvaluationError) -> Dataset {
        let split = options.split ?? "test"
        guard splits.contains(split) else {
            throw EvaluationError(.unsupported, "Expected --split train, val or test for medmnist; another word came.")
        }
        let set = known.first { name.lowercased().hasPrefix($0.name) }
        guard let labels = options.labels ?? set?.labels else {
            throw EvaluationError(
                .unsupported,
                "Expected a file named for pneumoniamnist or organcmnist, whose labels are known; for \(name) give "
                    + "--labels.",
            )
        }
        let archive = try ZIPArchive(bytes)
        let pictures = try array("\(split)_images", of: archive)
        let numbers = try array("\(split)_labels", of: archive)
        let channels = pictures.shape.count == 4 ? pictures.shape[3] : 1
        guard (3...4).contains(pictures.shape.count), channels == 1 || channels == 3, pictures.isBytes,
            pictures.shape.allSatisfy({ $0 > 0 })
        else {
            throw EvaluationError(
                .unsupported,
                "Expected \(split)_images to hold bytes of shape (n, height, width) or (n, height, width, 3); it does "
                    + "not.",
            )
        }
        let count = pictures.shape[0]
        guard count <= InputFile.recordLimit else {
            throw EvaluationError(
                .tooLarge,
                "Expected at most \(InputFile.recordLimit) pictures in \(split)_images; it has \(count).",
            )
        }
        guard numbers.shape == [count, 1] || numbers.shape == [count] else {
            throw EvaluationError(
                .unsupported,
                "Expected \(split)_labels to hold one label for each of \(count) pictures; its shape is "
                    + "\(numbers.shape).",
            )
        }
        let (height, width) = (pictures.shape[1], pictures.shape[2])
        let size = height * width * channels
        var records: [EvaluationRecord] = []
        for index in 0..<count {
            let label = numbers.number(index)
            guard labels.indices.contains(label) else {
                throw EvaluationError(
                    .invalidRecord,
                    "Expected the label of record \(index + 1) to be 0 to \(labels.count - 1); it is \(label).",
                )
            }
            let pixels = pictures.bytes(index * size..<(index + 1) * size)
            guard let picture = PNGWriter.encode(pixels, width: width, height: height, channels: channels) else {
                throw EvaluationError(.invalidRecord, "Expected record \(index + 1) to be a picture; it is not.")
            }
            records.append(
                EvaluationRecord(
                    number: index + 1,
                    id: nil,
                    picture: .encoded(picture),
                    question: options.prompt ?? set?.prompt ?? "What is shown in this image?",
                    answer: labels[label],
                    kind: nil,
                    modality: set?.modality,
                    label: label,
                )
            )
        }
        return Dataset(kind: .medmnist, records: records, labels: labels)
    }

    private static func array(_ name: String, of archive: ZIPArchive) throws(EvaluationError) -> NumPyArray {
        try NumPyArray(try archive.read(name + ".npy"), name: name)
    }
}
