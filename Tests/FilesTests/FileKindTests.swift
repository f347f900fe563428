import Files
import Testing

@Suite struct FileKindTests {
    /// First bytes as the formats' own documents and `file` have them.
    private static let beginnings: [(FileKind, [UInt8])] = [
        (.empty, []), (.unknown, [0]), (.unknown, [1, 2, 3, 4, 5, 6, 7, 8]), (.unknown, Array("text\u{0}".utf8)),
        (.jpeg, [0xFF, 0xD8, 0xFF, 0xE0]), (.png, [0x89] + Array("PNG\r\n\u{1A}\n".utf8)), (.gif, Array("GIF87a".utf8)),
        (.gif, Array("GIF89a".utf8)), (.webP, Array("RIFF1234WEBPVP8 ".utf8)), (.avi, Array("RIFF1234AVI LIST".utf8)),
        (.unknown, Array("RIFF".utf8) + [0, 0, 0, 0] + Array("WAVE".utf8)), (.bmp, Array("BM".utf8) + [54, 0, 0, 0, 0, 0]),
        (.tiff, Array("II*\u{0}".utf8)), (.tiff, Array("MM\u{0}*".utf8)), (.photoshop, Array("8BPS".utf8)),
        (.avif, box("ftypavif")), (.avif, box("ftypmif1", "\u{0}\u{0}\u{0}\u{0}", "mif1", "avif")),
        (.heic, box("ftypheic", "\u{0}\u{0}\u{0}\u{0}", "mif1", "heic")), (.mp4, box("ftypisom", "\u{0}\u{0}\u{2}\u{0}", "avc1")),
        (.mp4, box("ftypqt  ")), (.mp4, box("moov")), (.mp4, box("wide")), (.jpegXL, [0xFF, 0x0A, 1, 2]),
        (.jpegXL, [0, 0, 0, 12] + Array("JXL \r\n".utf8)), (.jpeg2000, [0, 0, 0, 12] + Array("jP  \r\n".utf8)),
        (.jpeg2000, [0xFF, 0x4F, 0xFF, 0x51]), (.matroska, [0x1A, 0x45, 0xDF, 0xA3]), (.flash, Array("FLV\u{1}".utf8)),
        (.windowsMedia, [0x30, 0x26, 0xB2, 0x75]), (.ogg, Array("OggS".utf8)), (.mpeg, [0, 0, 1, 0xBA]),
        (.mpeg, [0, 0, 1, 0xB3]), (.h26x, [0, 0, 0, 1, 0x67]), (.h26x, [0, 0, 1, 0x67]),
        (.mpeg, [0x47] + [UInt8](repeating: 0, count: 187) + [0x47, 0]), (.pdf, Array("%PDF-1.7".utf8)),
        (.gguf, Array("GGUF".utf8)), (.archive, Array("PK\u{3}\u{4}".utf8)), (.archive, [0x1F, 0x8B, 8, 0]),
        (.archive, [0x28, 0xB5, 0x2F, 0xFD]), (.webPage, Array("<!DOCTYPE html>".utf8)), (.webPage, Array("\n <HTML>".utf8)),
        (.svg, Array("<svg xmlns=".utf8)), (.webPage, [0xEF, 0xBB, 0xBF] + Array("<html>".utf8)),
        (.gitLFS, Array("version https://git-lfs.github.com/spec/v1".utf8)), (.text, Array("a list\tof things\r\n".utf8)),
        (.text, [0xEF, 0xBB, 0xBF] + Array("[section]".utf8)), (.unknown, [UInt8](repeating: 0xFF, count: 400)),
        (.unknown, [0xFF, 0xFE, 0x3C, 0]), (.pnm, Array("P6\n2 2\n255\n".utf8)), (.pnm, Array("P5 8 8 255\n".utf8)),
        (.text, Array("P6x".utf8)), (.archive, Array("BZh91AY&SY".utf8)),
    ]

    private static func box(_ words: String...) -> [UInt8] {
        let bytes = words.flatMap { Array($0.utf8) }
        return [0, 0, 0, UInt8(bytes.count + 4)] + bytes
    }

    @Test func firstBytesTell() {
        for (kind, bytes) in Self.beginnings {
            // A block of just this size, so that AddressSanitizer sees a read past it.
            for count in [bytes.count, bytes.count + 300] where bytes.count == count || kind != .empty && kind != .unknown {
                let block = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
                defer { block.deallocate() }
                block.initializeMemory(as: UInt8.self, repeating: 0x20)
                block.copyBytes(from: bytes)
                #expect(FileKind(UnsafeRawBufferPointer(block)) == kind, "\(bytes)")
            }
            for count in 0..<bytes.count { _ = Array(bytes[..<count]).withUnsafeBytes { FileKind($0) } }
        }
        #expect(Set(Self.beginnings.map(\.0)).count == 29)
    }

    @Test func namesTell() {
        for name in ["a.jpg", "a.JPEG", "a.Jpe", "/x.png/a.jfif", ".jpg"] { #expect(FileKind(name: name) == .jpeg, "\(name)") }
        for (name, kind) in [
            ("a.PNG", FileKind.png), ("a.heif", .heic), ("a.jpg.webp", .webP), ("a.tiff", .tiff), ("a.mov", .mp4),
        ] {
            #expect(FileKind(name: name) == kind)
        }
        for name in [
            "", "jpg", "a.jpg ", "a.jpg.part", "a.jpgx", "ajpeg", "a.jpg/b", ".", "a.", String(repeating: "x", count: 99),
        ] {
            #expect(FileKind(name: name) == .unknown, "\(name)")
        }
    }

    @Test func everyKindHasAName() {
        var names: Set<String> = []
        for value in UInt8(0)...29 {
            guard let kind = FileKind(rawValue: value) else { continue }
            names.insert("\(kind.name)")
            if let fix = kind.fix("x.y") { #expect(fix.contains("(") || fix.contains("first") || fix.contains("itself")) }
        }
        #expect(names.count == 29 && FileKind.png.fix("x.y") == "convert it (magick x.y new.jpg)")
    }
}
