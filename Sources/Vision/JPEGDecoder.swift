import CJPEG
import Files

/// Decodes JPEGs from memory with libjpeg: grey, YCbCr and RGB, baseline and progressive, into upright RGB images.
/// Full-size images equal those of Pillow and OpenCV to the bit, apart from the rotation that EXIF asks for, which
/// OpenCV applies too and Pillow does not.
///
/// What an image gives does not depend on those before it: see CJPEG.h.
public struct JPEGDecoder: ~Copyable {
    /// libjpeg's warnings about all images so far: damage that it decoded around, such as bytes between markers.
    public private(set) var warnings = 0
    /// How the last image was stored; turning it upright includes the decoder's rotation.
    public private(set) var orientation = Orientation.upright

    /// Bytes of the last image's that came before its SOI: at most CJPEG_BYTES_BEFORE.
    public private(set) var start = 0

    /// nil where there was no memory for it.
    private let decoder: OpaquePointer?
    private let limits: JPEGLimits
    private let rotation: Orientation
    private var stored = Image()

    /// Makes what all images share. Where there is no memory for that, every image is rejected with `outOfMemory`.
    /// Buffers come with the first image.
    /// - Parameter rotation: what images are turned by after EXIF has made them upright.
    public init(limits: JPEGLimits = JPEGLimits(), rotation: Orientation = .upright) {
        decoder = cjpeg_decoder_create(Int32(clamping: limits.scans), limits.memory)
        self.limits = limits
        self.rotation = rotation
    }

    /// Whether there was memory for it.
    public var isUsable: Bool { decoder != nil }

    deinit {
        cjpeg_decoder_destroy(decoder)
    }

    /// Decodes the JPEG at the beginning of `bytes` into `image` and turns it upright.
    ///
    /// - Parameter size: libjpeg decodes at the smallest of 1/1, 1/2, 1/4 and 1/8 of the image's size that is still
    ///   at least this in both dimensions; nil decodes at full size.
    /// - Returns: the upright image's full size. `image.size` is that, or a fraction of it, rounded up.
    /// - Throws: `JPEGError`; `image` is then undefined.
    public mutating func decode(
        _ bytes: UnsafeRawBufferPointer, into image: inout Image, atLeast size: ImageSize? = nil
    ) throws(JPEGError) -> ImageSize {
        let (decoder, full) = try readHeader(bytes)
        let denominator = Self.denominator(full, atLeast: size.map { orientation.upright($0) })
        let decoded = ImageSize(
            width: (full.width + denominator - 1) / denominator, height: (full.height + denominator - 1) / denominator)
        let status: cjpeg_status
        try take(decoded.width * decoded.height * 3 * (orientation == .upright ? 1 : 2), for: full)
        if orientation == .upright {
            stored.reshape(to: ImageSize(width: 0, height: 0))
            status = Self.read(decoder, into: &image, decoded, denominator)
        } else {
            status = Self.read(decoder, into: &stored, decoded, denominator)
        }
        warnings += Int(cjpeg_decoder_warnings(decoder))
        try check(status, full)
        if orientation != .upright { image.set(stored, turnedUprightFrom: orientation) }
        return orientation.upright(full)
    }

    /// Decodes the JPEG at the beginning of `bytes` into its components, at the smallest of 1/1, 1/2, 1/4 and 1/8 of its
    /// size that is still at least `size`: no upsampling and no colour conversion of unused pixels.
    ///
    /// - Returns: the image's full size as it is stored: the planes are yet to be turned by the decoder's rotation. nil
    ///   for an image that EXIF rotates, or that is neither YCbCr nor grey: it is for `decode`.
    public mutating func decodePlanes(
        _ bytes: UnsafeRawBufferPointer, into image: inout PlanarImage, atLeast size: ImageSize
    ) throws(JPEGError) -> ImageSize? {
        let (decoder, full) = try readHeader(bytes)
        guard orientation == rotation else { return nil }
        let denominator = Self.denominator(full, atLeast: rotation.upright(size))
        var count: UInt32 = 0, width: UInt32 = 0, height: UInt32 = 0
        var planes: InlineArray<3, cjpeg_plane> = [cjpeg_plane(), cjpeg_plane(), cjpeg_plane()]
        let planned = withUnsafeMutableBytes(of: &planes) {
            cjpeg_plan_planes(
                decoder, UInt32(denominator), &width, &height, &count,
                $0.baseAddress!.assumingMemoryBound(to: cjpeg_plane.self))
        }
        try check(planned, full)
        guard count > 0 else { return nil }
        try take(PlanarImage.byteCount(planes, count: Int(count)) * (rotation == .upright ? 1 : 2), for: full)
        stored.reshape(to: ImageSize(width: 0, height: 0))
        image.reshape(to: ImageSize(width: Int(width), height: Int(height)), planes, count: Int(count))
        var starts: InlineArray<3, UnsafeMutablePointer<UInt8>?> = [
            image.start(of: 0), image.start(of: 1), image.start(of: 2),
        ]
        let status = withUnsafeMutableBytes(of: &starts) {
            cjpeg_decode_planes(
                decoder, $0.baseAddress!.assumingMemoryBound(to: UnsafeMutablePointer<UInt8>?.self))
        }
        warnings += Int(cjpeg_decoder_warnings(decoder))
        try check(status, full)
        return full
    }

    /// Reads up to the first scan, which may be all there is of the JPEG, and checks the size against the limits.
    ///
    /// - Returns: the size as it is stored; `orientation` tells how to get to the upright one.
    public mutating func readSize(_ bytes: UnsafeRawBufferPointer) throws(JPEGError) -> ImageSize {
        try readHeader(bytes).size
    }

    private mutating func readHeader(
        _ bytes: UnsafeRawBufferPointer
    ) throws(JPEGError) -> (decoder: OpaquePointer, size: ImageSize) {
        orientation = .upright
        guard let decoder else { throw .outOfMemory }
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count > 0 else {
            throw .notJPEG(.empty)
        }
        // Some other kinds hold a JPEG, small and soon.
        let kind = FileKind(bytes)
        guard kind == .jpeg || kind == .unknown || kind == .text else { throw .notJPEG(kind) }
        var header = cjpeg_header()
        let status = cjpeg_read_header(decoder, start, bytes.count, &header)
        guard status != CJPEG_NOT_JPEG else { throw .notJPEG(kind) }
        try check(status, ImageSize(width: 0, height: 0))
        guard header.colours != CJPEG_OTHER else { throw .colourSpace(components: Int(header.components)) }
        let full = ImageSize(width: Int(header.width), height: Int(header.height))
        guard limits.allow(full) else { throw .tooLarge(full) }
        self.start = header.start
        orientation = Orientation(exif: UnsafeRawBufferPointer(start: header.exif, count: header.exif_count))
            .then(rotation)
        return (decoder, full)
    }

    /// Leaves libjpeg what the image's pixels do not need of the limit.
    private func take(_ pixelBytes: Int, for full: ImageSize) throws(JPEGError) {
        guard pixelBytes <= limits.memory else { throw .tooMuchMemory(full) }
        if let decoder { cjpeg_allow_memory(decoder, limits.memory - pixelBytes) }
    }

    private static func read(
        _ decoder: OpaquePointer, into image: inout Image, _ size: ImageSize, _ denominator: Int
    ) -> cjpeg_status {
        image.reshape(to: size)
        return cjpeg_decode(decoder, UInt32(denominator), image.pixels.baseAddress!, image.rowBytes)
    }

    private func check(_ status: cjpeg_status, _ full: ImageSize) throws(JPEGError) {
        guard status != CJPEG_OK else { return }
        guard status != CJPEG_OUT_OF_MEMORY else { throw .tooMuchMemory(full) }
        throw JPEGError(status, code: decoder.map { cjpeg_decoder_error_code($0) } ?? 0)
    }

    private static func denominator(_ full: ImageSize, atLeast size: ImageSize?) -> Int {
        guard let size else { return 1 }
        for denominator in [8, 4, 2] {
            let width = (full.width + denominator - 1) / denominator
            let height = (full.height + denominator - 1) / denominator
            if width >= size.width && height >= size.height { return denominator }
        }
        return 1
    }
}
