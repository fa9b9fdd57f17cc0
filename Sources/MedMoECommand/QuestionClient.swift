internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1

/// Puts one question to a server through the API that everybody uses.
struct QuestionClient: Sendable {
    /// A picture as it is sent.
    struct Image: Sendable {
        let dataURL: String

        /// Reads a file, whose kind is told from its first bytes; `parameters` are put after it.
        init(path: String, parameters: String = "") throws {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw AskError("The image \(path) cannot be read.")
            }
            self.init(data: data, name: path, parameters: parameters)
        }

        /// Takes a file's bytes; its name counts where they say nothing, `parameters` say what is wanted of it.
        init(data: Data, name: String, parameters: String = "") {
            let type: String
            switch data.prefix(4) {
            case Data([0x89, 0x50, 0x4E, 0x47]): type = "image/png"
            case let head where head.prefix(3) == Data([0xFF, 0xD8, 0xFF]): type = "image/jpeg"
            default: type = name.lowercased().hasSuffix(".dcm") || Self.isDICOM(data) ? "application/dicom" : "image/*"
            }
            dataURL = "data:\(type)\(parameters);base64,\(data.base64EncodedString())"
        }

        private static func isDICOM(_ data: Data) -> Bool {
            data.count > 132 && data[data.startIndex + 128..<data.startIndex + 132] == Data("DICM".utf8)
        }
    }

    let url: String

    /// Asks and waits for the whole answer.
    func ask(
        _ question: String,
        images: [Image],
        maximumTokens: Int?,
        provenance: Bool,
    ) async throws -> QuestionResponse {
        let models: ModelList = try await fetch("/v1/models")
        guard let model = models.data.first?.id else { throw AskError("The server at \(url) has no model.") }
        let body = QuestionBody(
            model: model,
            messages: [
                .init(
                    role: "user",
                    content: images.map { .init(type: "image_url", imageURL: .init(url: $0.dataURL)) }
                        + [.init(type: "text", text: question)]
                )
            ],
            maxTokens: maximumTokens,
            medmoe: provenance ? .init(provenance: "summary") : nil,
        )
        var request = HTTPClientRequest(url: url + "/v1/chat/completions")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
        return try QuestionResponse(data: try await execute(request, timeout: .minutes(30)))
    }

    private struct ModelList: Decodable {
        struct Entry: Decodable {
            var id: String
        }

        var data: [Entry]
    }

    private func fetch<Value: Decodable>(_ path: String) async throws -> Value {
        let data = try await execute(HTTPClientRequest(url: url + path), timeout: .seconds(10))
        return try JSONDecoder().decode(Value.self, from: data)
    }

    private func execute(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> Data {
        let response: HTTPClientResponse
        do {
            response = try await ControlClient.http.execute(request, timeout: timeout)
        } catch {
            throw AskError("No server answers at \(url) (\(error)); start one with `medmoe serve`, or give --url.")
        }
        let data = Data(try await response.body.collect(upTo: 64 << 20).readableBytesView)
        guard response.status == .ok else {
            let message = (try? JSONDecoder().decode(ErrorBody.self, from: data))?.error.message
            throw AskError(message ?? "The server at \(url) answered with status \(response.status.code).")
        }
        return data
    }

    private struct ErrorBody: Decodable {
        struct Detail: Decodable {
            var message: String
        }

        var error: Detail
    }
}

/// The body of a question.
private struct QuestionBody: Encodable {
    struct Message: Encodable {
        var role: String
        var content: [Part]
    }

    struct Part: Encodable {
        struct Link: Encodable {
            var url: String
        }

        var type: String
        var text: String?
        var imageURL: Link?

        enum CodingKeys: String, CodingKey {
            case type, text
            case imageURL = "image_url"
        }
    }

    struct Extension: Encodable {
        var provenance: String
    }

    var model: String
    var messages: [Message]
    var maxTokens: Int?
    var medmoe: Extension?

    enum CodingKeys: String, CodingKey {
        case model, messages, medmoe
        case maxTokens = "max_tokens"
    }
}
