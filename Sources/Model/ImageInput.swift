/// The way in: images of every kind become a network's input tensor. One thread owns it.
public final class ImageInput {
    /// Where the input goes: [height, width, 3] channel values of 0...255 for int8 and fp16 networks, or what an fp32
    /// network computes with.
    public enum Tensor {
        case bytes(UnsafeMutableBufferPointer<UInt8>)
        case values(UnsafeMutableBufferPointer<Float>)
    }

    private let format: InputFormat
    private let isFast: Bool
    private var jpeg: JPEGDecoder
    private var image = Image()
    private var planes = PlanarImage()
    private let rotation: Orientation
    private var turned = TurnedImage()
    private var ingest: Ingest

    /// - Parameter upstream: the rule for `ModelSettings.Resize.upstream`.
    init(format: InputFormat, settings: ModelSettings, upstream: ResizeRule) {
        self.format = format
        isFast = settings.resize == .fast
        rotation = settings.rotation
        jpeg = JPEGDecoder(limits: settings.images, rotation: settings.rotation)
        ingest = Ingest(format: format, rule: isFast ? .fast : upstream)
    }

    /// Whether there was memory for its decoder.
    var isUsable: Bool { jpeg.isUsable }

    /// What a JPEG was.
    public struct Loaded {
        /// Of the upright image, turned by the settings' rotation.
        public var size: ImageSize
        /// As its header says.
        public var stored: ImageSize
        /// Bytes that came before it.
        public var start: Int
        /// How often libjpeg warned of damage that it decoded around.
        public var warnings: Int
    }

    /// Decodes a JPEG. Throws why it can't be used; the tensor is then undefined.
    public func load(jpeg bytes: UnsafeRawBufferPointer, into tensor: Tensor) throws(JPEGError) -> Loaded {
        let warnings = jpeg.warnings
        if isFast, let full = try jpeg.decodePlanes(bytes, into: &planes, atLeast: format.size) {
            image.reshape(to: ImageSize(width: 0, height: 0))
            let size = rotation.upright(full)
            load(turned(planes.view), of: size, into: tensor)
            return Loaded(size: size, stored: full, start: jpeg.start, warnings: jpeg.warnings - warnings)
        }
        planes.clear()
        let full = try jpeg.decode(bytes, into: &image, atLeast: isFast ? format.size : nil)
        load(image, of: full, into: tensor)
        return Loaded(
            size: full, stored: jpeg.orientation.upright(full), start: jpeg.start, warnings: jpeg.warnings - warnings)
    }

    /// Takes an upright RGB image at its full size, which is not empty, by the settings' rule.
    public func load(_ image: borrowing Image, into tensor: Tensor) {
        load(image, of: image.size, into: tensor)
    }

    /// Takes an image of any layout, by `ResizeRule.fast` whatever else is set.
    /// - Returns: its size, turned by the settings' rotation.
    public func load(_ view: PixelView, into tensor: Tensor) -> ImageSize {
        let view = turned(view)
        load(view, of: view.layout.size, into: tensor)
        return view.layout.size
    }

    private func turned(_ view: PixelView) -> PixelView {
        rotation == .upright ? view : turned.view(of: view, turnedUprightFrom: rotation)
    }

    /// - Parameter size: of the image before it was decoded at a fraction of it: from this, whose sides are not rounded,
    ///   the model knows again which part of the input was image.
    private func load(_ image: borrowing Image, of size: ImageSize, into tensor: Tensor) {
        let area = format.fit.area(of: size, in: format.size)
        switch tensor {
        case .bytes(let bytes): ingest.fill(bytes, from: image, in: area)
        case .values(let values): ingest.fill(values, from: image, in: area)
        }
    }

    private func load(_ view: PixelView, of size: ImageSize, into tensor: Tensor) {
        let area = format.fit.area(of: size, in: format.size)
        switch tensor {
        case .bytes(let bytes): ingest.fill(bytes, from: view, in: area)
        case .values(let values): ingest.fill(values, from: view, in: area)
        }
    }
}
