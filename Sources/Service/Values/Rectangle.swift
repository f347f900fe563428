/// A part of the image in fractions of its sides. The right and lower edges are outside.
public struct Rectangle: Equatable, Sendable {
    /// 0...1 from the image's left edge.
    public var left: Float
    /// 0...1 from the image's top edge.
    public var top: Float
    /// 0...1 from the image's left edge.
    public var right: Float
    /// 0...1 from the image's top edge.
    public var bottom: Float

    /// `left` is less than `right` and `top` less than `bottom`: of any other nothing is inside.
    public init(left: Float, top: Float, right: Float, bottom: Float) {
        self.left = left
        self.top = top
        self.right = right
        self.bottom = bottom
    }

    /// Whether a point is inside.
    public func contains(_ x: Float, _ y: Float) -> Bool { x >= left && x < right && y >= top && y < bottom }
}
