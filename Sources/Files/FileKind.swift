/// What a file contains, by its first bytes: people's files are not always what their names say.
public enum FileKind: UInt8, Sendable {
    /// None of the others.
    case unknown
    case empty, jpeg
    // Images.
    case png, webP, avif, heic, gif, bmp, pnm, tiff, jpegXL, jpeg2000, photoshop, svg
    // Videos.
    case mp4, matroska, avi, mpeg, flash, windowsMedia, ogg, h26x
    case pdf, gguf, archive, webPage, gitLFS, text

    /// As many of a file's first bytes tell its kind.
    public static var length: Int { 192 }

    /// - Parameter bytes: a whole file, or at least its first `length` bytes.
    public init(_ bytes: UnsafeRawBufferPointer) {
        /// Four bytes as a number, as they are read from left to right; 0 beyond the end.
        func word(_ offset: Int) -> UInt32 {
            guard offset + 4 <= bytes.count else { return 0 }
            return UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        let (first, second, third) = (word(0), word(4), word(8))
        self =
            switch first {
            case 0x8950_4E47: .png
            case 0x4749_4638: .gif
            case 0x5249_4646 where third == 0x5745_4250: .webP
            case 0x5249_4646 where third == 0x4156_4920: .avi
            case 0x4949_2A00, 0x4D4D_002A, 0x4949_2B00, 0x4D4D_002B: .tiff
            case 0x3842_5053: .photoshop
            case 0x0000_000C where second == 0x6A50_2020: .jpeg2000
            case 0x0000_000C where second == 0x4A58_4C20: .jpegXL
            case 0x1A45_DFA3: .matroska
            case 0x464C_5601: .flash
            case 0x3026_B275: .windowsMedia
            case 0x4F67_6753: .ogg
            case 0x0000_01B3, 0x0000_01BA: .mpeg
            case 0x0000_0001, 0x0000_0101...0x0000_01FF: .h26x
            case 0x2550_4446: .pdf
            case 0x4747_5546: .gguf
            // bzip2, ZIP, xz, Zstandard, 7z and RAR.
            case 0x425A_6831...0x425A_6839, 0x504B_0304, 0x504B_0506, 0xFD37_7A58, 0x28B5_2FFD, 0x377A_BCAF, 0x5261_7221: .archive
            case 0x7665_7273 where second == 0x696F_6E20 && third == 0x6874_7470: .gitLFS
            default:
                switch (first >> 16, second) {
                case (0xFFD8, _): .jpeg
                case (0xFF0A, _): .jpegXL
                case (0xFF4F, _): .jpeg2000
                case (0x424D, _): .bmp
                // Up to the blank: "P6\n".
                case (0x5031...0x5037, _) where (0x09...0x20).contains(first >> 8 & 0xFF): .pnm
                case (0x1F8B, _): .archive
                // Boxes of ISO's base format: ftyp, and those that older QuickTime files begin with.
                case (_, 0x6674_7970): Self.ofBrands(bytes, word)
                case (_, 0x6D6F_6F76), (_, 0x6D64_6174), (_, 0x7769_6465), (_, 0x6672_6565): .mp4
                default: bytes.count > 188 && bytes[0] == 0x47 && bytes[188] == 0x47 ? .mpeg : Self.ofText(bytes)
                }
            }
    }

    /// The name's own brand, and those that the file is compatible with.
    private static func ofBrands(_ bytes: UnsafeRawBufferPointer, _ word: (Int) -> UInt32) -> FileKind {
        var kind = FileKind.mp4
        for offset in stride(from: 8, to: min(Int(word(0) & 0xFF), bytes.count), by: 4) {
            switch word(offset) {
            case 0x6176_6966, 0x6176_6973: return .avif
            // heic, heix, hevc and others; mif1, msf1.
            case 0x6865_0000...0x6865_FFFF, 0x6D69_6631, 0x6D73_6631: kind = .heic
            default: break
            }
        }
        return kind
    }

    private static func ofText(_ bytes: UnsafeRawBufferPointer) -> FileKind {
        guard bytes.count > 0 else { return .empty }
        var isMarkup = false, hasSeen = false
        for (index, byte) in bytes.prefix(length).enumerated() {
            // Blanks and the byte order mark of UTF-8.
            let isBlank = byte == 0x20 || (0x09...0x0D).contains(byte) || (index < 3 && byte >= 0xBB)
            // No text has 0xFF, and flash memory that was never written has nothing else.
            guard isBlank || byte >= 0x20, byte != 0x7F, byte != 0xFF else { return .unknown }
            if !hasSeen, !isBlank {
                hasSeen = true
                isMarkup = byte == 0x3C
                // "<svg", or else a page.
                if isMarkup, index + 1 < bytes.count, bytes[index + 1] | 0x20 == 0x73 { return .svg }
            }
        }
        return isMarkup ? .webPage : .text
    }

    /// By the ending of a file's name, for one that is not opened; unknown where that says nothing of images.
    public init(name: UnsafePointer<CChar>) {
        var ending: UInt64 = 0
        var index = 0
        while name[index] != 0 {
            let byte = UInt8(bitPattern: name[index])
            let lower = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
            ending = byte == 0x2E ? 0x2E : ending << 8 | UInt64(lower)
            index += 1
        }
        self =
            switch ending {
            case 0x2E6A_7067, 0x2E_6A70_6567, 0x2E6A_7065, 0x2E_6A66_6966: .jpeg
            case 0x2E70_6E67: .png
            case 0x2E_7765_6270: .webP
            case 0x2E_6176_6966: .avif
            case 0x2E_6865_6963, 0x2E_6865_6966: .heic
            case 0x2E67_6966: .gif
            case 0x2E62_6D70: .bmp
            case 0x2E70_706D, 0x2E70_676D: .pnm
            case 0x2E74_6966, 0x2E_7469_6666: .tiff
            case 0x2E6A_786C: .jpegXL
            case 0x2E6D_7034, 0x2E6D_6F76: .mp4
            default: .unknown
            }
    }
}
