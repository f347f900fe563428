import Vision

/// The way in: pictures of every kind become a network's input tensor. One thread owns it.
public final class PictureInput {
    /// Where the input goes: [height, width, 3] channel values of 0...255 for int8 and fp16 networks, or what an fp32
    /// network computes with.
    public enum Tensor {
        case bytes(UnsafeMutableBufferPointer<UInt8>)
        case values(UnsafeMutableBufferPointer<Float>)
    }

    private let size: PictureSize
    private let isFast: Bool
    private var jpeg = JPEGDecoder()
    private var picture = Picture()
    private var planes = PlanarPicture()
    private var ingest: Ingest

    /// - Parameter upstream: the rule for `DetectorSettings.Resize.upstream`.
    init(format: InputFormat, resize: DetectorSettings.Resize, upstream: ResizeRule) {
        size = format.size
        isFast = resize == .fast
        ingest = Ingest(format: format, rule: isFast ? .fast : upstream)
    }

    /// Decodes a JPEG.
    /// - Returns: the upright picture's size, and how often libjpeg warned of damage that it decoded around.
    public func load(
        jpeg bytes: UnsafeRawBufferPointer, into tensor: Tensor
    ) throws(JPEGError) -> (size: PictureSize, warnings: Int) {
        let warnings = jpeg.warnings
        if isFast, let full = try jpeg.decodePlanes(bytes, into: &planes, atLeast: size) {
            load(planes.view, into: tensor)
            return (full, jpeg.warnings - warnings)
        }
        let full = try jpeg.decode(bytes, into: &picture, atLeast: isFast ? size : nil)
        load(picture, into: tensor)
        return (full, jpeg.warnings - warnings)
    }

    public func load(_ picture: borrowing Picture, into tensor: Tensor) {
        switch tensor {
        case .bytes(let bytes): ingest.fill(bytes, from: picture)
        case .values(let values): ingest.fill(values, from: picture)
        }
    }

    /// Takes a picture of any layout, by `ResizeRule.fast` whatever else is set.
    public func load(_ view: PixelView, into tensor: Tensor) {
        switch tensor {
        case .bytes(let bytes): ingest.fill(bytes, from: view)
        case .values(let values): ingest.fill(values, from: view)
        }
    }
}
