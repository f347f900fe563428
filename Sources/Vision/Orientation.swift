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
    /// What the TIFF structure of an EXIF segment asks for; upright where it cannot be read, and without one.
    public init(exif tiff: UnsafeRawBufferPointer) {
        self = TIFFReader(tiff)?.orientation ?? .upright
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
        // The payload is shorter than 64 KiB: an offset beyond is past its end.
        guard let directory = long(4), let count = short(directory) else { return nil }
        for entry in 0..<count {
            let position = directory + 2 + entry * 12
            guard let tag = short(position), let type = short(position + 2) else { return nil }
            guard tag == 0x0112 else { continue }
            guard long(position + 4) == 1 else { return nil }
            // SHORT is EXIF's type; phones and editing programs write LONG, SSHORT and SLONG too.
            let value =
                switch type {
                case 3, 8: short(position + 8)
                case 4, 9: long(position + 8)
                default: nil as Int?
                }
            return value.flatMap { Orientation(rawValue: UInt8(clamping: $0)) }
        }
        return nil
    }

    /// As far as an Int of 32 bits holds it.
    private func long(_ position: Int) -> Int? {
        guard let first = short(position), let second = short(position + 2) else { return nil }
        return Int(exactly: littleEndian ? UInt32(second) << 16 | UInt32(first) : UInt32(first) << 16 | UInt32(second))
    }

    private func short(_ position: Int) -> Int? {
        guard position >= 0, position <= bytes.count - 2 else { return nil }
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
