/// A rectangle in units of the image's width and height (0...1 inside it), not clipped to the image.
public struct Box: Equatable, Sendable {
    /// From the image's left edge.
    public var left: Float
    /// From the image's top edge.
    public var top: Float
    /// From the image's left edge, too.
    public var right: Float
    /// From the image's top edge, too.
    public var bottom: Float

    /// Takes the sides as they are, in any order.
    public init(left: Float, top: Float, right: Float, bottom: Float) {
        self.left = left
        self.top = top
        self.right = right
        self.bottom = bottom
    }

    /// A share of the image's area.
    public var area: Float { (right - left) * (bottom - top) }

    /// Whether a point is inside. The right and lower edges are outside.
    public func contains(_ x: Float, _ y: Float) -> Bool { x >= left && x < right && y >= top && y < bottom }

    /// Whether no side is infinite or not a number.
    public var isFinite: Bool { left.isFinite && top.isFinite && right.isFinite && bottom.isFinite }

    /// The area of the intersection divided by that of the union; NaN where both areas are 0.
    public func intersectionOverUnion(_ other: Box) -> Float {
        let width = max(0, min(right, other.right) - max(left, other.left))
        let height = max(0, min(bottom, other.bottom) - max(top, other.top))
        let intersection = width * height
        return intersection / (area + other.area - intersection)
    }

    /// The box in pixels of an image of that size, clipped to it. A side that is not a number becomes 0.
    public func pixels(in size: ImageSize) -> Box {
        func clipped(_ side: Float, _ length: Int) -> Float {
            let position = side * Float(length)
            return position > 0 ? min(position, Float(length)) : 0
        }
        return Box(
            left: clipped(left, size.width), top: clipped(top, size.height), right: clipped(right, size.width),
            bottom: clipped(bottom, size.height))
    }
}

/// One object in an image.
public struct Detection: Sendable {
    /// 1...: class 0 is the background.
    public var classIndex: Int32
    /// The class's softmax probability.
    public var score: Float
    /// Where the object is in the image, in units of its width and height.
    public var box: Box

    /// Nothing is checked: `score` is a probability, `classIndex` is not the background's.
    public init(classIndex: Int32, score: Float, box: Box) {
        self.classIndex = classIndex
        self.score = score
        self.box = box
    }
}
