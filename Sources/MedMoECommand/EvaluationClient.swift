internal import AsyncHTTPClient
internal import Evaluation
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import Shared

/// Puts the records of an evaluation to a server, one request each.
struct EvaluationClient: Sendable {
    /// What an answer is, beside its text.
    struct Answer: Sendable {
        var id: String?
        var text: String
    }

    let url: String
    let images: String?
    let aspect: Trace.Aspect
    let labels: [String]
    let deadline: Int

    /// Requests for one record, when the server is full or not ready.
    private static let attempts = 7

    /// The name of the model that the server has.
    func modelID() async throws -> String {
        let response = try await ControlClient.http.execute(
            HTTPClientRequest(url: url + "/v1/models"),
            timeout: .seconds(10),
        )
        let body = try await response.body.collect(upTo: 1 << 20)
        guard response.status == .ok, case .object(let list) = try? JSONParser.parse(Array(body.readableBytesView)),
            case .array(let models) = list["data"], case .object(let model) = models.first,
            case .string(let id) = model["id"]
        else { throw AskError("The server at \(url) named no model; give the address of a MedMoE server.") }
        return id
    }

    /// The answer to one record; a full server is asked again, later and later.
    func answer(_ record: EvaluationRecord, model: String) async throws -> Answer {
        let body = try body(record, model: model)
        for attempt in 1... {
            var request = HTTPClientRequest(url: url + "/v1/chat/completions")
            request.method = .POST
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
            let response = try await ControlClient.http.execute(request, timeout: .seconds(Int64(deadline) + 60))
            let bytes = Array(try await response.body.collect(upTo: 16 << 20).readableBytesView)
            if response.status == .ok { return try Self.read(bytes) }
            let isBusy = response.status == .tooManyRequests || response.status == .serviceUnavailable
            guard isBusy, attempt < Self.attempts else {
                throw AskError(Self.message(bytes) ?? "The server answered with status \(response.status.code).")
            }
            let asked = response.headers.first(name: "retry-after").flatMap { Int($0) } ?? 0
            let wait = Duration.milliseconds(min(8000, 125 << attempt))
            try await Task.sleep(for: max(wait, .seconds(min(asked, 30))))
        }
        throw AskError("The server was never asked.")
    }

    private func body(_ record: EvaluationRecord, model: String) throws -> [UInt8] {
        var parts: [JSONValue] = []
        if let picture = record.picture {
            let link = JSONObject([("url", .string(try image(picture, number: record.number).dataURL))])
            parts.append(.object(JSONObject([("type", .string("image_url")), ("image_url", .object(link))])))
        }
        parts.append(.object(JSONObject([("type", .string("text")), ("text", .string(record.question))])))
        var options: [(String, JSONValue)] = [
            ("image_aspect", .string(aspect.rawValue)), ("deadline_ms", .integer(deadline * 1000)),
        ]
        if !labels.isEmpty { options.append(("choices", .array(labels.map(JSONValue.string)))) }
        var fields: [(String, JSONValue)] = [
            ("model", .string(model)),
            ("messages", .array([.object(JSONObject([("role", .string("user")), ("content", .array(parts))]))])),
            ("temperature", .integer(0)), ("medmoe", .object(JSONObject(options))),
        ]
        if labels.isEmpty { fields.append(("max_tokens", .integer(Self.maximumTokens))) }
        return JSONText.bytes(.object(JSONObject(fields)))
    }

    /// As in the published evaluation; a model with less room stops earlier.
    private static let maximumTokens = 2048

    /// The published evaluator takes pictures as they are stored, whatever Exif says of their orientation.
    private static let asStored = ";orientation=stored"

    private func image(_ picture: EvaluationRecord.Picture, number: Int) throws -> QuestionClient.Image {
        switch picture {
        case .encoded(let bytes): return QuestionClient.Image(data: Data(bytes), name: "", parameters: Self.asStored)
        case .file(let path):
            guard let images else {
                throw AskError("Record \(number) has an image file; give the folder of the images with --images.")
            }
            let file = URL(filePath: images).appending(path: path).path
            guard let data = FileManager.default.contents(atPath: file) else {
                throw AskError("The image of record \(number) cannot be read; is --images the folder its path is in?")
            }
            return QuestionClient.Image(data: data, name: path, parameters: Self.asStored)
        }
    }

    private static func read(_ bytes: [UInt8]) throws -> Answer {
        guard case .object(let object) = try? JSONParser.parse(bytes), case .array(let choices) = object["choices"],
            case .object(let choice) = choices.first, case .object(let message) = choice["message"],
            case .string(let text) = message["content"]
        else { throw AskError("The server's answer has no `choices[0].message.content`; is it a MedMoE server?") }
        guard case .string(let id) = object["id"] else { return Answer(id: nil, text: text) }
        return Answer(id: id, text: text)
    }

    private static func message(_ bytes: [UInt8]) -> String? {
        guard case .object(let object) = try? JSONParser.parse(bytes), case .object(let error) = object["error"],
            case .string(let message) = error["message"]
        else { return nil }
        return message
    }
}
