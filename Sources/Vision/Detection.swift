/// A rectangle in units of the picture's width and height (0...1 inside it), not clipped to the picture.
public struct Box: Equatable, Sendable {
    public var left: Float
    public var top: Float
    public var right: Float
    public var bottom: Float

    public init(left: Float, top: Float, right: Float, bottom: Float) {
        self.left = left
        self.top = top
        self.right = right
        self.bottom = bottom
    }

    public var area: Float { (right - left) * (bottom - top) }

    public var isFinite: Bool { left.isFinite && top.isFinite && right.isFinite && bottom.isFinite }

    /// The area of the intersection divided by that of the union; NaN where both areas are 0.
    public func intersectionOverUnion(_ other: Box) -> Float {
        let width = max(0, min(right, other.right) - max(left, other.left))
        let height = max(0, min(bottom, other.bottom) - max(top, other.top))
        let intersection = width * height
        return intersection / (area + other.area - intersection)
    }

    /// The box in pixels of a picture of that size, clipped to it. A side that is not a number becomes 0.
    public func pixels(in size: PictureSize) -> Box {
        func clipped(_ side: Float, _ length: Int) -> Float {
            let position = side * Float(length)
            return position > 0 ? min(position, Float(length)) : 0
        }
        return Box(
            left: clipped(left, size.width), top: clipped(top, size.height), right: clipped(right, size.width),
            bottom: clipped(bottom, size.height))
    }
}

/// One object in a picture.
public struct Detection: Sendable {
    /// 1...: class 0 is the background.
    public var classIndex: Int32
    /// The class's softmax probability.
    public var score: Float
    public var box: Box

    public init(classIndex: Int32, score: Float, box: Box) {
        self.classIndex = classIndex
        self.score = score
        self.box = box
    }
}
