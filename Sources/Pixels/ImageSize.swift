/// Width and height in pixels.
public struct ImageSize: Equatable, Sendable {
    /// Pixels of a row.
    public var width: Int
    /// Rows.
    public var height: Int

    /// Takes any numbers: whoever reads them from outside checks them.
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }
}
