internal import Model
internal import Shared

/// Reads one message of a chat request: a string, or text and image parts.
enum ChatMessageParser {
    static func parse(_ value: JSONValue, path: String) throws(QueryError) -> QueryRequest.Message {
        let fields = try JSONFields(value, path: path)
        try fields.allowOnly(["role", "content", "name", "refusal"])
        guard let roleName = try fields.string("role") else {
            throw fields.invalid("role", "is missing; it is \"system\", \"user\" or \"assistant\".")
        }
        let role: ChatRole
        switch roleName {
        case "system", "developer": role = .system
        case "user": role = .user
        case "assistant": role = .assistant
        default: throw fields.invalid("role", "has to be \"system\", \"user\" or \"assistant\"; another value came.")
        }
        switch fields.value("content") {
        case .string(let text):
            return QueryRequest.Message(role: role, parts: [.text(text)])
        case .array(let values):
            var parts: [QueryRequest.Part] = []
            for (index, value) in values.enumerated() {
                let part = try JSONFields(value, path: fields.path("content[\(index)]"))
                parts.append(try parsePart(part, role: role))
            }
            return QueryRequest.Message(role: role, parts: parts)
        case .some(let other):
            throw fields.invalid("content", "has to be a string or an array of parts; \(other.kind) came.")
        case .none:
            throw fields.invalid("content", "is missing; give a string or an array of parts.")
        }
    }

    private static func parsePart(_ part: JSONFields, role: ChatRole) throws(QueryError) -> QueryRequest.Part {
        switch try part.string("type") {
        case "text":
            try part.allowOnly(["type", "text"])
            guard let text = try part.string("text") else { throw part.invalid("text", "is missing.") }
            return .text(text)
        case "image_url":
            try part.allowOnly(["type", "image_url"])
            guard role == .user else { throw part.invalid("image_url", "can only stand in a user message.") }
            guard let image = try part.object("image_url") else { throw part.invalid("image_url", "is missing.") }
            try image.allowOnly(["url", "detail"])
            guard let url = try image.string("url") else { throw image.invalid("url", "is missing.") }
            return try ImageURLParser.parse(url, in: image)
        case .some:
            throw part.invalid("type", "has to be \"text\" or \"image_url\"; another value came.")
        case .none:
            throw part.invalid("type", "is missing; it is \"text\" or \"image_url\".")
        }
    }
}
