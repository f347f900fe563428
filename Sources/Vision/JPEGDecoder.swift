import CJPEG
import Files
import Pixels

/// Decodes JPEGs from memory with libjpeg: grey, YCbCr and RGB, baseline and progressive, into upright RGB pictures.
/// Full-size pictures equal those of Pillow and OpenCV to the bit, apart from the rotation that EXIF asks for, which
/// OpenCV applies too and Pillow does not.
///
/// What a picture gives does not depend on those before it: see CJPEG.h.
public struct JPEGDecoder: ~Copyable {
    /// libjpeg's warnings about all pictures so far: damage that it decoded around, such as bytes between markers.
    public private(set) var warnings = 0
    /// How the last picture was stored; turning it upright includes the decoder's rotation.
    public private(set) var orientation = Orientation.upright

    /// Bytes of the last picture's that came before its SOI: at most CJPEG_BYTES_BEFORE.
    public private(set) var start = 0

    /// nil where there was no memory for it.
    private let decoder: OpaquePointer?
    private let limits: JPEGLimits
    private let rotation: Orientation
    private var stored = Picture()

    /// Makes what all pictures share. Where there is no memory for that, every picture is refused with `outOfMemory`.
    /// Buffers come with the first picture.
    /// - Parameter rotation: what pictures are turned by after EXIF has made them upright.
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

    /// Decodes the JPEG at the beginning of `bytes` into `picture` and turns it upright.
    ///
    /// - Parameter size: libjpeg decodes at the smallest of 1/1, 1/2, 1/4 and 1/8 of the picture's size that is still
    ///   at least this in both dimensions; nil decodes at full size.
    /// - Returns: the upright picture's full size. `picture.size` is that, or a fraction of it, rounded up.
    /// - Throws: `JPEGError`; `picture` is then undefined.
    public mutating func decode(
        _ bytes: UnsafeRawBufferPointer, into picture: inout Picture, atLeast size: PictureSize? = nil
    ) throws(JPEGError) -> PictureSize {
        let (decoder, full) = try readHeader(bytes)
        let denominator = Self.denominator(full, atLeast: size.map { orientation.upright($0) })
        let decoded = PictureSize(
            width: (full.width + denominator - 1) / denominator, height: (full.height + denominator - 1) / denominator)
        let status: cjpeg_status
        try take(decoded.width * decoded.height * 3 * (orientation == .upright ? 1 : 2), for: full)
        if orientation == .upright {
            stored.reshape(to: PictureSize(width: 0, height: 0))
            status = Self.read(decoder, into: &picture, decoded, denominator)
        } else {
            status = Self.read(decoder, into: &stored, decoded, denominator)
        }
        warnings += Int(cjpeg_decoder_warnings(decoder))
        try check(status, full)
        if orientation != .upright { picture.set(stored, turnedUprightFrom: orientation) }
        return orientation.upright(full)
    }

    /// Decodes the JPEG at the beginning of `bytes` into its components, at the smallest of 1/1, 1/2, 1/4 and 1/8 of its
    /// size that is still at least `size`: no upsampling and no colour conversion of pixels that nobody looks at.
    ///
    /// - Returns: the picture's full size as it is stored: the planes are yet to be turned by the decoder's rotation. nil
    ///   for a picture that EXIF wants turned, or that is neither YCbCr nor grey: it is for `decode`.
    public mutating func decodePlanes(
        _ bytes: UnsafeRawBufferPointer, into picture: inout PlanarPicture, atLeast size: PictureSize
    ) throws(JPEGError) -> PictureSize? {
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
        try take(PlanarPicture.byteCount(planes, count: Int(count)) * (rotation == .upright ? 1 : 2), for: full)
        stored.reshape(to: PictureSize(width: 0, height: 0))
        picture.reshape(to: PictureSize(width: Int(width), height: Int(height)), planes, count: Int(count))
        var starts: InlineArray<3, UnsafeMutablePointer<UInt8>?> = [
            picture.start(of: 0), picture.start(of: 1), picture.start(of: 2),
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
    public mutating func readSize(_ bytes: UnsafeRawBufferPointer) throws(JPEGError) -> PictureSize {
        try readHeader(bytes).size
    }

    private mutating func readHeader(
        _ bytes: UnsafeRawBufferPointer
    ) throws(JPEGError) -> (decoder: OpaquePointer, size: PictureSize) {
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
        try check(status, PictureSize(width: 0, height: 0))
        guard header.colours != CJPEG_OTHER else { throw .colourSpace(components: Int(header.components)) }
        let full = PictureSize(width: Int(header.width), height: Int(header.height))
        guard limits.allow(full) else { throw .tooLarge(full) }
        self.start = header.start
        orientation = Orientation(exif: UnsafeRawBufferPointer(start: header.exif, count: header.exif_count))
            .then(rotation)
        return (decoder, full)
    }

    /// Leaves libjpeg what the picture's pixels do not need of the limit.
    private func take(_ pixelBytes: Int, for full: PictureSize) throws(JPEGError) {
        guard pixelBytes <= limits.memory else { throw .tooMuchMemory(full) }
        if let decoder { cjpeg_allow_memory(decoder, limits.memory - pixelBytes) }
    }

    private static func read(
        _ decoder: OpaquePointer, into picture: inout Picture, _ size: PictureSize, _ denominator: Int
    ) -> cjpeg_status {
        picture.reshape(to: size)
        return cjpeg_decode(decoder, UInt32(denominator), picture.pixels.baseAddress!, picture.rowBytes)
    }

    private func check(_ status: cjpeg_status, _ full: PictureSize) throws(JPEGError) {
        guard status != CJPEG_OK else { return }
        guard status != CJPEG_OUT_OF_MEMORY else { throw .tooMuchMemory(full) }
        throw JPEGError(status, code: decoder.map { cjpeg_decoder_error_code($0) } ?? 0)
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
