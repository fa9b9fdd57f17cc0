extension ModelConfiguration {
    /// Bounds of what a configuration may ask for: far beyond published models, far below what exhausts a machine by
    /// a slip of the pen.
    enum Limits {
        static let hiddenSize = 1...65_536
        static let intermediateSize = 1...65_536
        static let layers = 1...1024
        static let heads = 1...1024
        static let positions = 1...1_048_576
        static let tokenIDs = 0...Int(Int32.max)
        static let experts = 1...1024
        static let expertsInAll = 65_536
        static let topK = 1...2
        static let imageSize = 1...4096
        static let epsilon = 1e-12...1e-2
        static let ropeTheta = 1.0...1e9
    }
}
