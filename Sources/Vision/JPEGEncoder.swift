import CJPEG

/// Encodes images as baseline JPEGs in memory: YCbCr 4:4:4, so that thin coloured lines stay sharp.
public struct JPEGEncoder: ~Copyable {
    /// libjpeg's scale of 1...100.
    public let quality: Int
    private let encoder: OpaquePointer

    /// `quality` is 1...100 (precondition). Ends the process where there is no memory for libjpeg's state.
    public init(quality: Int = 90) {
        precondition((1...100).contains(quality))
        guard let encoder = cjpeg_encoder_create() else { fatalError("no memory for a JPEG encoder") }
        self.encoder = encoder
        self.quality = quality
    }

    deinit {
        cjpeg_encoder_destroy(encoder)
    }

    /// The image as a JPEG file; valid until the next call. The image's sides are 1...65500.
    public mutating func encode(_ image: borrowing Image) throws(JPEGError) -> UnsafeRawBufferPointer {
        let sides = 1...65_500
        guard sides.contains(image.size.width), sides.contains(image.size.height) else {
            throw .tooLarge(image.size)
        }
        var bytes: UnsafePointer<UInt8>?
        var count = 0
        let status = cjpeg_encode(
            encoder, image.pixels.baseAddress!, image.rowBytes, UInt32(image.size.width),
            UInt32(image.size.height), Int32(quality), &bytes, &count)
        guard status == CJPEG_OK else { throw JPEGError(status, code: cjpeg_encoder_error_code(encoder)) }
        return UnsafeRawBufferPointer(start: bytes, count: count)
    }
}
