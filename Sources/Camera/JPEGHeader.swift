/// What a JPEG says of itself before its image, read without decoding.
struct JPEGHeader: Equatable {
    let width: Int
    let height: Int

    /// Follows the segments from the SOI to the frame header. nil where that does not come before the image, or cannot be
    /// reached: what is wrong there is the decoder's business.
    init?(of bytes: UnsafeRawBufferPointer) {
        var position = 2
        // As far as a frame header's width.
        while position + 8 < bytes.count {
            guard bytes[position] == 0xFF else { return nil }
            switch bytes[position + 1] {
            case 0xFF:  // fill byte
                position += 1
            case 0x01, 0xD0...0xD7:
                position += 2
            case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
                height = Int(bytes[position + 5]) << 8 | Int(bytes[position + 6])
                width = Int(bytes[position + 7]) << 8 | Int(bytes[position + 8])
                return
            case 0x00, 0xD8...0xDA:
                return nil
            default:
                let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
                guard length >= 2 else { return nil }
                position += 2 + length
            }
        }
        return nil
    }
}
