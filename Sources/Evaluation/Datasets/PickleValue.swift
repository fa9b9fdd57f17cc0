/// What a pickle may hold here: data, and nothing that could run.
enum PickleValue: Equatable {
    /// `None`.
    case none
    /// `True` or `False`.
    case bool(Bool)
    /// A whole number of at most 64 bits.
    case integer(Int)
    /// Any other number.
    case number(Double)
    /// Text.
    case text(String)
    /// A list.
    case list([PickleValue])
    /// A dictionary whose keys are texts.
    case dictionary([String: PickleValue])
}
