/// How a picture is stored, by the numbers of EXIF's Orientation tag (CIPA DC-008, tag 0x0112): where the stored first
/// row and first column lie in the upright picture.
public enum Orientation: UInt8, Sendable {
    /// Row 0 is the top, column 0 the left.
    case upright = 1
    case topRight = 2
    case bottomRight = 3
    case bottomLeft = 4
    case leftTop = 5
    case rightTop = 6
    case rightBottom = 7
    case leftBottom = 8

    /// Whether stored rows are columns of the upright picture.
    public var swapsSides: Bool { rawValue >= 5 }

    /// The upright size of a picture stored in `size`, and the other way round.
    public func upright(_ size: PictureSize) -> PictureSize {
        swapsSides ? PictureSize(width: size.height, height: size.width) : size
    }
}

extension Orientation {
    /// The orientation that a JPEG file's EXIF segment asks for; upright where there is none that can be read.
    public init(jpeg bytes: UnsafeRawBufferPointer) {
        self = Self.exifSegment(bytes).flatMap { TIFFReader($0)?.orientation } ?? .upright
    }

    /// The TIFF structure inside the first APP1 segment that is EXIF. Looks at segments up to the first scan; each step
    /// goes forward by at least four bytes.
    private static func exifSegment(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard bytes.count >= 4, bytes[0] == 0xFF, bytes[1] == 0xD8 else { return nil }
        var position = 2
        while position + 4 <= bytes.count {
            guard bytes[position] == 0xFF else { return nil }
            let marker = bytes[position + 1]
            if marker == 0xFF {  // fill byte
                position += 1
                continue
            }
            // Start of scan, end of image, and markers without a length end the search.
            guard marker >= 0xC0, marker < 0xD0 || marker > 0xDA else { return nil }
            let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
            let end = position + 2 + length
            guard length >= 2, end <= bytes.count else { return nil }
            let payload = UnsafeRawBufferPointer(rebasing: bytes[position + 4..<end])
            if marker == 0xE1, hasEXIFName(payload) { return UnsafeRawBufferPointer(rebasing: payload[6...]) }
            position = end
        }
        return nil
    }

    private static func hasEXIFName(_ payload: UnsafeRawBufferPointer) -> Bool {
        let name: StaticString = "Exif\0\0"
        guard payload.count >= 6 else { return false }
        for index in 0..<6 where payload[index] != name.utf8Start[index] { return false }
        return true
    }
}

/// The little of TIFF that the orientation needs: the entries of the first directory, with all offsets checked.
private struct TIFFReader {
    private let bytes: UnsafeRawBufferPointer
    private let littleEndian: Bool

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 8, bytes[0] == bytes[1], bytes[0] == 0x49 || bytes[0] == 0x4D else { return nil }
        self.bytes = bytes
        littleEndian = bytes[0] == 0x49
        guard short(2) == 42 else { return nil }
    }

    var orientation: Orientation? {
        guard let high = short(littleEndian ? 6 : 4), let low = short(littleEndian ? 4 : 6) else { return nil }
        // The payload is shorter than 64 KiB: an offset with high bits is past its end.
        guard high == 0, let count = short(low) else { return nil }
        for entry in 0..<count {
            let position = low + 2 + entry * 12
            guard let tag = short(position), let type = short(position + 2) else { return nil }
            if tag == 0x0112, type == 3 {
                return short(position + 8).flatMap { Orientation(rawValue: UInt8(clamping: $0)) }
            }
        }
        return nil
    }

    private func short(_ position: Int) -> Int? {
        guard position >= 0, position + 2 <= bytes.count else { return nil }
        let first = Int(bytes[position])
        let second = Int(bytes[position + 1])
        return littleEndian ? second << 8 | first : first << 8 | second
    }
}

extension Picture {
    /// Becomes the upright form of `stored`.
    public mutating func set(_ stored: borrowing Picture, turnedUprightFrom orientation: Orientation) {
        reshape(to: orientation.upright(stored.size))
        let width = stored.size.width
        let height = stored.size.height
        guard width > 0, height > 0 else { return }
        // The upright picture's first pixel, next column and next row as places in the stored picture.
        let lastColumn = (width - 1) * 3
        let lastRow = (height - 1) * stored.rowBytes
        let row = stored.rowBytes
        let (start, column, line) =
            switch orientation {
            case .upright: (0, 3, row)
            case .topRight: (lastColumn, -3, row)
            case .bottomRight: (lastRow + lastColumn, -3, -row)
            case .bottomLeft: (lastRow, 3, -row)
            case .leftTop: (0, row, 3)
            case .rightTop: (lastRow, -row, 3)
            case .rightBottom: (lastRow + lastColumn, -row, -3)
            case .leftBottom: (lastColumn, row, -3)
            }
        let source = stored.pixels.baseAddress!
        var target = pixels.baseAddress!
        for y in 0..<size.height {
            var from = start + y * line
            for _ in 0..<size.width {
                target[0] = source[from]
                target[1] = source[from + 1]
                target[2] = source[from + 2]
                target += 3
                from += column
            }
        }
    }
}
