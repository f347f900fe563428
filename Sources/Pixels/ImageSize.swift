/// Width and height in pixels.
public struct ImageSize: Equatable, Sendable {
    /// Pixels of a row.
    public var width: Int
    /// Rows.
    public var height: Int

    /// Takes any numbers: readers of external data check them.
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }
}
