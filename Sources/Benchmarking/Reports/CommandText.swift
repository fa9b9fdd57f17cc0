/// A command as it can be typed again.
package enum CommandText {
    /// The program without its folder and its arguments, in quotes where a shell needs them.
    ///
    /// The value of an option in `secrets` is replaced: reports are passed on.
    package static func line(_ arguments: [String], secrets: Set<String> = []) -> String {
        var words: [String] = []
        var hidesNext = false
        for (index, argument) in arguments.enumerated() {
            let option = argument.split(separator: "=", maxSplits: 1).first.map(String.init) ?? ""
            if hidesNext {
                words.append("***")
                hidesNext = false
            } else if secrets.contains(argument) {
                words.append(argument)
                hidesNext = true
            } else if secrets.contains(option) {
                words.append(option + "=***")
            } else {
                words.append(quoted(index == 0 ? String(argument.split(separator: "/").last ?? "") : argument))
            }
        }
        return words.joined(separator: " ")
    }

    private static func quoted(_ word: String) -> String {
        let isPlain = !word.isEmpty && word.utf8.allSatisfy { plain.contains($0) }
        return isPlain
            ? word
            : "'"
                + word.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'"
    }

    private static let plain = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+.,:/@%".utf8
    )
}
