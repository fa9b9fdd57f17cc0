internal import Shared

/// Data sets that are read as their publishers ship them, beside our own record format.
package enum DatasetKind: String, Sendable, CaseIterable {
    /// The Med-MoE record format.
    case medmoe
    /// VQA-RAD's JSON file.
    case vqaRAD = "vqa-rad"
    /// SLAKE's JSON files, of which the English questions are taken.
    case slake
    /// PathVQA's pickled lists of questions.
    case pathvqa
    /// MedMNIST's arrays: classification.
    case medmnist
}

/// The records of a data file, whatever its form was.
package struct Dataset: Sendable, Equatable {
    /// What a reader may choose.
    package struct Options: Sendable {
        /// The form; nil to tell it from the file.
        package var kind: DatasetKind?
        /// The part of the data set; nil for all of it, or where classification needs one, `test`.
        package var split: String?
        /// Label texts in the order of their numbers; nil for those that are known for the data set.
        package var labels: [String]?
        /// The question of classification; nil for the data set's own.
        package var prompt: String?

        /// The defaults.
        package init() {}
    }

    /// The form it had.
    package let kind: DatasetKind
    /// Its records, in the order of the file.
    package let records: [EvaluationRecord]
    /// The texts that classification chooses among; empty for questions.
    package let labels: [String]

    /// Describes a data set.
    init(kind: DatasetKind, records: [EvaluationRecord], labels: [String] = []) {
        self.kind = kind
        self.records = records
        self.labels = labels
    }

    /// Reads a data file; `name` is its name without folder, which tells MedMNIST's sets apart.
    package init(_ bytes: [UInt8], name: String, options: Options = Options()) throws(EvaluationError) {
        let kind: DatasetKind
        if let given = options.kind { kind = given } else { kind = try Self.kind(of: bytes) }
        if options.split != nil, kind == .medmoe || kind == .slake {
            throw EvaluationError(
                .unsupported,
                "Expected no --split: the files of \(kind.rawValue) hold one part each; give that part's file.",
            )
        }
        if options.labels != nil || options.prompt != nil, kind != .medmnist {
            throw EvaluationError(
                .unsupported,
                "Expected no --labels and no --prompt: \(kind.rawValue) holds questions of its own; leave them out.",
            )
        }
        switch kind {
        case .medmoe: self.init(kind: kind, records: try RecordFile.parse(bytes))
        case .vqaRAD: self.init(kind: kind, records: try VQARADFile.parse(bytes, split: options.split))
        case .slake: self.init(kind: kind, records: try SLAKEFile.parse(bytes))
        case .pathvqa: self.init(kind: kind, records: try PathVQAFile.parse(bytes, split: options.split))
        case .medmnist: self = try MedMNISTFile.parse(bytes, name: name, options: options)
        }
    }

    /// Tells the form from a file's first bytes, and from the fields of its first record.
    static func kind(of bytes: [UInt8]) throws(EvaluationError) -> DatasetKind {
        if bytes.starts(with: [0x50, 0x4B]) { return .medmnist }
        if bytes.first == 0x80 { return .pathvqa }
        let first = try InputFile.jsonList(bytes).first
        guard case .object(let record) = first else {
            throw EvaluationError(.invalidRecord, "Expected record 1 to be an object; something else came.")
        }
        if record["conversations"] != nil || record["conversatons"] != nil { return .medmoe }
        if record["image_name"] != nil, record["phrase_type"] != nil || record["qid"] != nil { return .vqaRAD }
        if record["img_name"] != nil, record["q_lang"] != nil { return .slake }
        throw EvaluationError(
            .unsupported,
            "Expected records of medmoe, vqa-rad or slake; record 1 has the fields of none. Name the form with --dataset.",
        )
    }

    /// The records, unless a choice left none.
    static func some(_ records: [EvaluationRecord], of split: String) throws(EvaluationError) -> [EvaluationRecord] {
        guard !records.isEmpty else {
            throw EvaluationError(.invalidFile, "Expected records of the part \(split); the file has none.")
        }
        return records
    }
}
