/// Checks the paths of images, which come from data files that nobody vouches for.
enum ImagePath {
    /// Bytes that a path may have.
    static let limit = 1024

    /// The path, unless it leaves the images folder: absolute, with `..`, empty, or not a path at all.
    static func checked(_ path: String, field: String, of number: Int) throws(EvaluationError) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let isBelow = !path.hasPrefix("/") && !parts.contains("..") && parts.last?.isEmpty == false
        guard isBelow, !path.utf8.contains(0), path.utf8.count <= limit else {
            throw EvaluationError(
                .imageOutside,
                "Expected `\(field)` of record \(number) to be a path below the images folder; it is not.",
            )
        }
        return path
    }
}
