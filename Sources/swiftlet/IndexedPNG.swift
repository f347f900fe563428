/// Writes masks as PNGs with a palette (ISO/IEC 15948), an index for each pixel. Rows that equal the one above, and runs of one
/// class, take next to nothing: each row is stored as its difference to the one above (filter type 2), and of deflate (RFC
/// 1951) only repetitions of the last byte are used, with the fixed codes. What is ready goes to the file piece by piece.
struct IndexedPNG: ~Copyable {
    private static var pieceByteCount: Int { 32 << 10 }

    private var file: OutputFile
    /// A chunk's type and data so far.
    private var piece: [UInt8] = []
    private var bits: UInt32 = 0
    private var bitCount = 0
    /// What was stored last, how often it comes again, and the sums over all.
    private var last: Int = -1
    private var run = 0
    private var sums: (UInt32, UInt32) = (1, 0)

    /// Writes a mask as an image of that size, each pixel from where it lies in the mask. The index is the class.
    ///
    /// - Parameter colours: of each class; at most 256.
    static func write(
        _ mask: ClassMask, size: ImageSize, colours: [Colour], to path: UnsafePointer<CChar>, inputs: InputFiles
    ) throws(OutputError) {
        var png = IndexedPNG(file: try OutputFile(path: path, inputs: inputs, kinds: .any))
        try png.write(mask, size, colours)
        try png.file.commit()
    }

    private init(file: consuming OutputFile) { self.file = file }

    private mutating func write(_ mask: ClassMask, _ size: ImageSize, _ colours: [Colour]) throws(OutputError) {
        try file.write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        begin("IHDR")
        // 8 bits, a palette, no interlacing.
        piece += Self.bytes(UInt32(size.width)) + Self.bytes(UInt32(size.height)) + [8, 3, 0, 0, 0]
        try writePiece()
        begin("PLTE")
        for colour in colours { piece += [colour.red, colour.green, colour.blue] }
        try writePiece()
        begin("IDAT")
        piece.reserveCapacity(Self.pieceByteCount + 16)
        // A window of 32 KiB; one last block with fixed codes.
        piece += [0x78, 0x01]
        put(bits: 0b011, count: 3)
        let columns = (0..<size.width).map { ClassMask.place(of: $0, in: size.width, of: mask.size.width) }
        var above = [UInt8](repeating: 0, count: size.width)
        for y in 0..<size.height {
            let row = ClassMask.place(of: y, in: size.height, of: mask.size.height) * mask.size.width
            try store(2)
            for (x, column) in columns.enumerated() {
                let index = mask.classes[row + column]
                try store(index &- above[x])
                above[x] = index
            }
        }
        try endRun()
        put(bits: 0, count: 7)
        if bitCount > 0 { put(bits: 0, count: 8 - bitCount) }
        piece += Self.bytes(sums.1 << 16 | sums.0)
        try writePiece()
        begin("IEND")
        try writePiece()
    }

    // MARK: - Deflate

    private mutating func store(_ byte: UInt8) throws(OutputError) {
        // Adler-32.
        sums.0 = (sums.0 + UInt32(byte)) % 65_521
        sums.1 = (sums.1 + sums.0) % 65_521
        if Int(byte) == last {
            run += 1
            if run == 258 { try endRun() }
            return
        }
        try endRun()
        put(literal: Int(byte))
        last = Int(byte)
    }

    /// Writes what the last byte is repeated by, as literals where that is too short for a length.
    private mutating func endRun() throws(OutputError) {
        if run < 3 {
            for _ in 0..<run { put(literal: last) }
        } else {
            put(length: run)
            // The distance 1.
            put(bits: 0, count: 5)
        }
        run = 0
        if piece.count >= Self.pieceByteCount {
            try writePiece()
            begin("IDAT")
        }
    }

    private mutating func put(literal: Int) {
        if literal < 144 { put(code: 0x30 + literal, count: 8) } else { put(code: 0x190 + literal - 144, count: 9) }
    }

    /// 3...258.
    private mutating func put(length: Int) {
        let rest = length - 3
        var symbol = 257 + rest, extraCount = 0
        if length == 258 {
            symbol = 285
        } else if rest >= 8 {
            // Four symbols for each power of two.
            extraCount = Int.bitWidth - rest.leadingZeroBitCount - 3
            symbol = 257 + 4 * extraCount + rest >> extraCount
        }
        if symbol < 280 { put(code: symbol - 256, count: 7) } else { put(code: 0xC0 + symbol - 280, count: 8) }
        put(bits: rest & (1 << extraCount - 1), count: extraCount)
    }

    /// Codes begin with their highest bit.
    private mutating func put(code: Int, count: Int) {
        var reversed = 0
        for place in 0..<count where code >> place & 1 != 0 { reversed |= 1 << (count - 1 - place) }
        put(bits: reversed, count: count)
    }

    private mutating func put(bits value: Int, count: Int) {
        bits |= UInt32(value) << UInt32(bitCount)
        bitCount += count
        while bitCount >= 8 {
            piece.append(UInt8(bits & 255))
            bits >>= 8
            bitCount -= 8
        }
    }

    // MARK: - Chunks

    private mutating func begin(_ type: StaticString) {
        piece.removeAll(keepingCapacity: true)
        piece += UnsafeBufferPointer(start: type.utf8Start, count: type.utf8CodeUnitCount)
    }

    /// Writes the chunk, its length before it and its checksum behind.
    private mutating func writePiece() throws(OutputError) {
        var checksum = UInt32.max
        for byte in piece {
            checksum ^= UInt32(byte)
            for _ in 0..<8 { checksum = checksum >> 1 ^ (checksum & 1 == 0 ? 0 : 0xEDB8_8320) }
        }
        try file.write(Self.bytes(UInt32(piece.count - 4)))
        try file.write(piece)
        try file.write(Self.bytes(~checksum))
    }

    private static func bytes(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }
}
