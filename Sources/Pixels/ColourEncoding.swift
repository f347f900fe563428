/// How Y, Cb and Cr stand for colours. Of no meaning for formats that are not YCbCr.
public struct ColourEncoding: Equatable, Sendable {
    /// The weights of red, green and blue in Y: those of ITU-R BT.601 or BT.709.
    public enum Matrix: Sendable { case bt601, bt709 }

    /// The weights.
    public var matrix: Matrix
    /// Whether Y, Cb and Cr use all of 0...255, as in JPEG, or 16...235 and 16...240.
    public var isFullRange: Bool

    /// Any pair is possible.
    public init(matrix: Matrix, isFullRange: Bool) {
        self.matrix = matrix
        self.isFullRange = isFullRange
    }

    /// ITU-R BT.601.
    public static func bt601(isFullRange: Bool) -> ColourEncoding { .init(matrix: .bt601, isFullRange: isFullRange) }
    /// ITU-R BT.709.
    public static func bt709(isFullRange: Bool) -> ColourEncoding { .init(matrix: .bt709, isFullRange: isFullRange) }
    /// JFIF's: BT.601, full range.
    public static var jpeg: ColourEncoding { bt601(isFullRange: true) }
}
