/// The sender leaves on purpose: a node that drains away, or a router that stops.
package struct GoodbyeMessage: Hashable, Sendable {
    /// Why, in a few words.
    package var reason: String

    /// Makes a goodbye; a reason that may not travel is clipped to `WireLimits.textBytes` and freed of control characters.
    package init(reason: String) {
        self.reason = WireText.clipped(reason)
    }
}
