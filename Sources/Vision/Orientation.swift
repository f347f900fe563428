/// How an image is stored, by the numbers of EXIF's Orientation tag (CIPA DC-008, tag 0x0112): where the stored first
/// row and first column lie in the upright image.
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

    /// Whether stored rows are columns of the upright image.
    public var swapsSides: Bool { rawValue >= 5 }

    /// The upright size of an image stored in `size`, and the other way round.
    public func upright(_ size: ImageSize) -> ImageSize {
        swapsSides ? ImageSize(width: size.height, height: size.width) : size
    }

    /// How an image is stored that becomes upright when it is rotated clockwise by that many degrees; nil where these are no
    /// quarters of a turn.
    public init?(clockwise degrees: Int) {
        switch degrees {
        case 0: self = .upright
        case 90: self = .rightTop
        case 180: self = .bottomRight
        case 270: self = .leftBottom
        default: return nil
        }
    }

    /// How an image is stored whose form that is upright by this orientation is then turned by another.
    public func then(_ other: Orientation) -> Orientation {
        var flips = other.flips
        if swapsSides { flips = (flips.rows, flips.columns) }
        return Orientation(
            swaps: swapsSides != other.swapsSides, columns: flips.columns != self.flips.columns,
            rows: flips.rows != self.flips.rows)
    }

    /// Whether the first column of the upright image, or the row that becomes its first one, is stored last.
    private var flips: (columns: Bool, rows: Bool) {
        switch self {
        case .upright, .leftTop: (false, false)
        case .topRight, .leftBottom: (true, false)
        case .bottomRight, .rightBottom: (true, true)
        case .bottomLeft, .rightTop: (false, true)
        }
    }

    private init(swaps: Bool, columns: Bool, rows: Bool) {
        self =
            switch (columns, rows) {
            case (false, false): swaps ? .leftTop : .upright
            case (true, false): swaps ? .leftBottom : .topRight
            case (true, true): swaps ? .rightBottom : .bottomRight
            case (false, true): swaps ? .rightTop : .bottomLeft
            }
    }

    /// The upright image's first sample, next column and next row as distances in the stored one's bytes.
    struct Walk {
        var start: Int
        var column: Int
        var line: Int
    }

    /// - Parameters:
    ///   - size: of the stored image, which is not empty.
    ///   - step: bytes from sample to sample of a row.
    func walk(_ size: ImageSize, step: Int, rowBytes: Int) -> Walk {
        let flips = flips
        let start = (flips.columns ? (size.width - 1) * step : 0) + (flips.rows ? (size.height - 1) * rowBytes : 0)
        let across = flips.columns ? -step : step, down = flips.rows ? -rowBytes : rowBytes
        return Walk(start: start, column: swapsSides ? down : across, line: swapsSides ? across : down)
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

extension Image {
    /// Becomes the upright form of `stored`.
    public mutating func set(_ stored: borrowing Image, turnedUprightFrom orientation: Orientation) {
        reshape(to: orientation.upright(stored.size))
        guard stored.size.width > 0, stored.size.height > 0 else { return }
        let walk = orientation.walk(stored.size, step: 3, rowBytes: stored.rowBytes)
        let source = stored.pixels.baseAddress!
        var target = pixels.baseAddress!
        for y in 0..<size.height {
            var from = walk.start + y * walk.line
            for _ in 0..<size.width {
                target[0] = source[from]
                target[1] = source[from + 1]
                target[2] = source[from + 2]
                target += 3
                from += walk.column
            }
        }
    }
}
