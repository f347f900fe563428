import CJPEG

/// Decodes JPEGs from memory with libjpeg: grey, YCbCr and RGB, baseline and progressive, into upright RGB pictures.
/// Full-size pictures equal those of Pillow and OpenCV to the bit, apart from the rotation that EXIF asks for, which
/// OpenCV applies too and Pillow does not.
public struct JPEGDecoder: ~Copyable {
    /// libjpeg's warnings about all pictures so far: damage that it decoded around, such as bytes between markers.
    public private(set) var warnings = 0
    /// How the last picture was stored.
    public private(set) var orientation = Orientation.upright

    private let decoder: OpaquePointer
    private let limits: JPEGLimits
    private var stored = Picture()

    public init(limits: JPEGLimits = JPEGLimits()) {
        guard let decoder = cjpeg_decoder_create(Int32(clamping: limits.scans), limits.memory) else {
            fatalError("no memory for a JPEG decoder")
        }
        self.decoder = decoder
        self.limits = limits
    }

    deinit {
        cjpeg_decoder_destroy(decoder)
    }

    /// Decodes the JPEG at the beginning of `bytes` into `picture` and turns it upright.
    ///
    /// - Parameter size: libjpeg decodes at the smallest of 1/1, 1/2, 1/4 and 1/8 of the picture's size that is still
    ///   at least this in both dimensions; nil decodes at full size.
    /// - Returns: the upright picture's full size. `picture.size` is that, or a fraction of it, rounded up.
    /// - Throws: `JPEGError`; `picture` is then undefined.
    public mutating func decode(
        _ bytes: UnsafeRawBufferPointer, into picture: inout Picture, atLeast size: PictureSize? = nil
    ) throws(JPEGError) -> PictureSize {
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count > 0 else {
            throw .notJPEG
        }
        var header = cjpeg_header()
        try check(cjpeg_read_header(decoder, start, bytes.count, &header))
        guard header.colours != CJPEG_OTHER else { throw .colourSpace(components: Int(header.components)) }
        let full = PictureSize(width: Int(header.width), height: Int(header.height))
        guard limits.allow(full) else { throw .tooLarge(full) }

        orientation = Orientation(jpeg: bytes)
        let denominator = Self.denominator(full, atLeast: size.map { orientation.upright($0) })
        let decoded = PictureSize(
            width: (full.width + denominator - 1) / denominator, height: (full.height + denominator - 1) / denominator)
        let status: cjpeg_status
        if orientation == .upright {
            status = Self.read(decoder, into: &picture, decoded, denominator)
        } else {
            status = Self.read(decoder, into: &stored, decoded, denominator)
        }
        warnings += Int(cjpeg_decoder_warnings(decoder))
        try check(status)
        if orientation != .upright { picture.set(stored, turnedUprightFrom: orientation) }
        return orientation.upright(full)
    }

    private static func read(
        _ decoder: OpaquePointer, into picture: inout Picture, _ size: PictureSize, _ denominator: Int
    ) -> cjpeg_status {
        picture.reshape(to: size)
        return cjpeg_decode(decoder, UInt32(denominator), picture.pixels.baseAddress!, picture.rowBytes)
    }

    private func check(_ status: cjpeg_status) throws(JPEGError) {
        guard status != CJPEG_OK else { return }
        throw JPEGError(status, code: cjpeg_decoder_error_code(decoder))
    }

    private static func denominator(_ full: PictureSize, atLeast size: PictureSize?) -> Int {
        guard let size else { return 1 }
        for denominator in [8, 4, 2] {
            let width = (full.width + denominator - 1) / denominator
            let height = (full.height + denominator - 1) / denominator
            if width >= size.width && height >= size.height { return denominator }
        }
        return 1
    }
}
