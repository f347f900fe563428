import Foundation
import Quantizer
import Vision

/// What a JPEG says of itself before its image: enough to compare it with its annotations, without decoding it.
struct PictureHeader {
    /// Of the upright picture.
    let size: PictureSize
    /// Whether EXIF data ask for a quarter turn.
    let isTurned: Bool

    /// nil where the file has no header of a JPEG; the decoder says later what is wrong with it.
    init?(path: String) {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        var bytes = Data()
        // Previews and profiles may come before the header: read on until it is reached.
        while bytes.count < PictureFile.largest {
            guard let more = try? file.read(upToCount: max(1 << 16, bytes.count)), !more.isEmpty else { return nil }
            bytes.append(more)
            switch bytes.withUnsafeBytes({ Self.stored($0) }) {
            case .found(let stored, let exif):
                let orientation = bytes.withUnsafeBytes { Orientation(exif: .init(rebasing: $0[exif])) }
                size = orientation.upright(stored)
                isTurned = orientation.swapsSides
                return
            case .none: return nil
            case .needsMore: continue
            }
        }
        return nil
    }

    private enum Outcome {
        /// As stored, and where its EXIF data are.
        case found(PictureSize, exif: Range<Int>)
        case none
        case needsMore
    }

    /// Follows the segments to the frame header. Bytes between segments are passed over, as libjpeg does.
    private static func stored(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        guard bytes.count >= 2 else { return .needsMore }
        guard bytes[0] == 0xFF, bytes[1] == 0xD8 else { return .none }
        var position = 2, exif = 0..<0
        while position + 8 < bytes.count {
            guard bytes[position] == 0xFF else {
                position += 1
                continue
            }
            switch bytes[position + 1] {
            case 0x00, 0xFF: position += 1
            case 0x01, 0xD0...0xD8: position += 2
            case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
                let height = Int(bytes[position + 5]) << 8 | Int(bytes[position + 6])
                let width = Int(bytes[position + 7]) << 8 | Int(bytes[position + 8])
                return width > 0 && height > 0
                    ? .found(PictureSize(width: width, height: height), exif: exif) : .none
            case 0xD9, 0xDA: return .none
            case let marker:
                let end = position + 2 + max(2, Int(bytes[position + 2]) << 8 | Int(bytes[position + 3]))
                if marker == 0xE1, exif.isEmpty, end <= bytes.count, end >= position + 10,
                    bytes[(position + 4)...].starts(with: Array("Exif\0\0".utf8))
                {
                    exif = position + 10..<end
                }
                position = end
            }
        }
        return .needsMore
    }
}
