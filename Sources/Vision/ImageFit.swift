/// What becomes of an image's aspect ratio on its way into the network.
public enum ImageFit: Sendable {
    /// Width and height are resized independently: the image covers the whole tensor.
    case stretch
    /// The aspect ratio stays; what the image leaves of the tensor, on two sides evenly, is grey.
    case letterbox

    /// The part of the tensor that an image covers. The image is not empty.
    public func area(of image: ImageSize, in tensor: ImageSize) -> ImageArea {
        guard self == .letterbox else { return ImageArea(size: tensor) }
        // In integers, rounded half up: width / height = image.width / image.height.
        var size = tensor
        if tensor.width * image.height <= tensor.height * image.width {
            size.height = max(1, (2 * tensor.width * image.height + image.width) / (2 * image.width))
        } else {
            size.width = max(1, (2 * tensor.height * image.width + image.height) / (2 * image.height))
        }
        return ImageArea(
            left: (tensor.width - size.width) / 2, top: (tensor.height - size.height) / 2, size: size)
    }
}

/// A rectangle of a network's input, in its pixels; `Ingest` requires it inside.
public struct ImageArea: Equatable, Sendable {
    /// The first column inside.
    public var left = 0
    /// The first row inside.
    public var top = 0
    /// What it covers of the input.
    public var size: ImageSize

    /// A channel's value outside: what letterboxing detectors are commonly trained with.
    static var margin: UInt8 { 114 }
}

/// From a box in units of the network's input to the same box in units of a part of it.
public struct BoxMap {
    private var across: (factor: Float, distance: Float)
    private var down: (factor: Float, distance: Float)

    /// `area` is the part, in pixels of the input, whose size is `tensor`.
    public init(to area: ImageArea, of tensor: ImageSize) {
        across = (Float(tensor.width) / Float(area.size.width), Float(area.left) / Float(area.size.width))
        down = (Float(tensor.height) / Float(area.size.height), Float(area.top) / Float(area.size.height))
    }

    func map(_ box: Box) -> Box {
        Box(
            left: box.left * across.factor - across.distance, top: box.top * down.factor - down.distance,
            right: box.right * across.factor - across.distance, bottom: box.bottom * down.factor - down.distance)
    }
}
