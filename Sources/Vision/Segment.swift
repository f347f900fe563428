/// The pixels of one class in an image.
public struct Segment: Equatable, Sendable {
    /// The class's place among the labels.
    public var classIndex: Int32
    /// Of the image's pixels, 0...1.
    public var share: Float
    /// The smallest that has all of them, in units of the image's width and height.
    public var box: Box

    /// Nothing is checked.
    public init(classIndex: Int32, share: Float, box: Box) {
        self.classIndex = classIndex
        self.share = share
        self.box = box
    }
}

/// The class of each pixel of an image, at the resolution that a network sees it in.
public struct ClassMask {
    /// Row by row without gaps.
    public let classes: UnsafeBufferPointer<UInt8>
    /// Rows and columns: both cover the whole image.
    public let size: ImageSize

    /// - Parameter classes: as many as pixels of that size (precondition).
    public init(_ classes: UnsafeBufferPointer<UInt8>, size: ImageSize) {
        precondition(classes.count == size.width * size.height)
        self.classes = classes
        self.size = size
    }
}

/// Where the pixels of a map lie in one that bilinear interpolation makes of it.
public enum Upsampling: Sendable {
    /// The maps' edges coincide: pixel i is the middle of i...i + 1 (PyTorch's `align_corners=False`).
    case alignedEdges
    /// The middles of their outermost pixels coincide (`align_corners=True`).
    case alignedCorners

    /// Where pixel `index` of `target` lies in a row of `source` pixels: right of the middle of pixel `left` by `fraction`
    /// of the way to the next one.
    func tap(_ index: Int, of target: Int, from source: Int) -> (left: Int, fraction: Float) {
        // Exact, and of 64 bits: the products are larger than a map.
        let (numerator, denominator): (Int64, Int64) =
            switch self {
            case .alignedEdges: ((2 * Int64(index) + 1) * Int64(source) - Int64(target), 2 * Int64(target))
            case .alignedCorners: (Int64(index) * Int64(source - 1), Int64(max(target - 1, 1)))
            }
        guard numerator > 0 else { return (0, 0) }
        let left = Int(numerator / denominator)
        guard left < source - 1 else { return (source - 1, 0) }
        return (left, Float(numerator % denominator) / Float(denominator))
    }
}
