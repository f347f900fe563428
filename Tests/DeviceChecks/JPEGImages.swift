import CTestSupport

/// JPEGs as encoders, cameras and accidents make them, and what is to become of each.
public struct JPEGImages {
    enum Fate: Equatable {
        /// Its pixels are its own.
        case used
        /// They are those of an earlier image, which was made otherwise.
        case same(Int)
        case rejected
        /// Damaged: whatever it gives, it always gives.
        case either
    }

    struct Entry {
        var name: String
        var bytes: [UInt8]
        var fate: Fate
    }

    private(set) var entries: [Entry] = []
    private var seed: UInt32 = 1

    init() {
        for (name, components, across, down) in Self.samplings { addFamily(name, components, across, down) }
        addOddities()
        addDamage()
    }

    private static var samplings: [(String, Int32, Int32, Int32)] {
        [("grey", 1, 1, 1), ("4:4:4", 3, 1, 1), ("4:2:2", 3, 2, 1), ("4:2:0", 3, 2, 2), ("4:4:0", 3, 1, 2)]
    }

    static func options(_ components: Int32 = 3, _ across: Int32 = 2, _ down: Int32 = 2) -> ctest_jpeg {
        var made = ctest_jpeg()
        (made.width, made.height, made.seed, made.components, made.across, made.down) = (45, 37, 1, components, across, down)
        made.quality = 80
        return made
    }

    /// An image of 4:2:0 and quality 80 but for `change`.
    public static func make(width: UInt32, height: UInt32, seed: UInt32, _ change: (inout ctest_jpeg) -> Void) -> [UInt8] {
        var options = options()
        (options.width, options.height, options.seed) = (width, height, seed)
        change(&options)
        return make(options)
    }

    static func make(_ options: ctest_jpeg) -> [UInt8] {
        let capacity = 1 << 20
        return [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            withUnsafePointer(to: options) { count = ctest_make_jpeg($0, buffer.baseAddress!, capacity) }
        }
    }

    private mutating func add(_ name: String, _ bytes: [UInt8], _ fate: Fate) {
        entries.append(Entry(name: name, bytes: bytes, fate: fate))
    }

    /// One image with and without tables, as several encoders store it.
    private mutating func addFamily(_ name: String, _ components: Int32, _ across: Int32, _ down: Int32) {
        var options = Self.options(components, across, down)
        seed += 1
        options.seed = seed
        let first = entries.count
        let whole = Self.make(options)
        add(name, whole, .used)
        func variant(_ change: (inout ctest_jpeg) -> Void) -> [UInt8] {
            var changed = options
            change(&changed)
            return Self.make(changed)
        }
        add(name + ", tables of its own", variant { $0.is_optimised = 1 }, .same(first))
        add(name + ", odd tables", variant { $0.has_odd_tables = 1 }, .same(first))
        add(name + ", progressive", variant { $0.is_progressive = 1 }, .same(first))
        add(name + ", without DHT", variant { ($0.left_out_dc, $0.left_out_ac) = (3, 3) }, .same(first))
        add(name + ", without a DC table", variant { $0.left_out_dc = 1 }, .same(first))
        add(name + ", without the second tables", variant { ($0.left_out_dc, $0.left_out_ac) = (2, 2) }, .same(first))
        add(name + ", without a needed table of its own", variant { ($0.has_odd_tables, $0.left_out_ac) = (1, 1) }, .either)
        add(name + ", restart markers", variant { $0.restart = 2 }, .same(first))
        add(name + ", without DQT", variant { $0.left_out_quantisation = 3 }, .rejected)
        add(name + ", coded arithmetically", variant { $0.is_arithmetic = 1 }, .rejected)
        add(name + ", without EOI", Array(whole.dropLast(2)), .same(first))
        add(name + ", other quality", variant { $0.quality = 15 }, .used)
    }

    private mutating func addOddities() {
        var options = Self.options()
        options.seed = 100
        let first = entries.count
        let whole = Self.make(options)
        add("plain", whole, .used)
        add("half an EOI", Array(whole.dropLast(1)), .same(first))
        add("zeros for the EOI", whole.dropLast(2) + [0, 0, 0, 0], .same(first))
        add("the next image for the EOI", whole.dropLast(2) + whole, .same(first))
        add("bytes before the SOI", [0, 10, 0xFF, 0xD8, 13] + whole, .same(first))
        add("many bytes before the SOI", [UInt8](repeating: 0x20, count: 1000) + whole, .same(first))
        add("too many bytes before the SOI", [UInt8](repeating: 0x20, count: 2000) + whole, .rejected)
        add("bytes after the SOI", [0xFF, 0xD8, 0, 7] + whole[2...], .same(first))
        add("a byte before every table", Self.withStrayBytes(whole), .same(first))
        options.has_separate_scans = 1
        add("separate scans", Self.make(options), .same(first))
        add("a scan is missing", Self.withoutLastScan(Self.make(options)), .rejected)
        options.has_separate_scans = 0
        options.is_progressive = 1
        let progressive = Self.make(options)
        add("progressive without EOI", Array(progressive.dropLast(2)), .same(first))
        add("progressive without the last scan", Self.withoutLastScan(progressive), .rejected)
        options.is_progressive = 0
        options.is_rgb = 1
        (options.across, options.down) = (1, 1)
        add("RGB", Self.make(options), .used)
        options.is_rgb = 0
        options.components = 4
        add("CMYK", Self.make(options), .rejected)
        for value in [UInt8(3), 6, 8] { add("turned \(value)", Self.turned(whole, value), .used) }
        add("too large", Self.withSize(whole, 16_000, 16_000), .rejected)
        add("half the size in its header", Self.withSize(whole, 22, 18), .either)
    }

    private mutating func addDamage() {
        add("nothing", [], .rejected)
        add("no image", [UInt8]("GIF89a, and more of that kind".utf8), .rejected)
        for (index, source) in [0, 3, 8, 13, 26, 29, 34, 39, 47].enumerated() {
            let entry = entries[source]
            let half = entry.bytes.prefix(entry.bytes.count * (40 + 5 * index) / 100)
            add(entry.name + ", cut", Array(half), .rejected)
            add(entry.name + ", cut, with an EOI", half + [0xFF, 0xD9], .rejected)
            var generator = SeededGenerator(seed: UInt64(index))
            for _ in 0..<3 {
                var bytes = entry.bytes
                for _ in 0..<3 {
                    let place = Int.random(in: 20..<bytes.count - 2, using: &generator)
                    bytes[place] = UInt8.random(in: 0...255, using: &generator)
                }
                add(entry.name + ", damaged", bytes, .either)
            }
        }
    }

    // MARK: - Surgery

    private static func index(of marker: UInt8, in bytes: [UInt8], from start: Int = 0) -> Int? {
        bytes.indices.dropLast().first { $0 >= start && bytes[$0] == 0xFF && bytes[$0 + 1] == marker }
    }

    private static func withoutLastScan(_ bytes: [UInt8]) -> [UInt8] {
        var last = 0
        while let next = index(of: 0xDA, in: bytes, from: last + 1) { last = next }
        return bytes[..<last] + [0xFF, 0xD9]
    }

    private static func withStrayBytes(_ bytes: [UInt8]) -> [UInt8] {
        var copy = bytes
        var position = 2
        while copy[position + 1] != 0xDA {
            let length = Int(copy[position + 2]) << 8 | Int(copy[position + 3])
            copy.insert(0x2A, at: position)
            position += 3 + length
        }
        return copy
    }

    /// With another size in its frame header.
    public static func withSize(_ bytes: [UInt8], _ width: Int, _ height: Int) -> [UInt8] {
        var copy = bytes
        let place = index(of: 0xC0, in: bytes) ?? index(of: 0xC2, in: bytes)!
        let size = [UInt8(height >> 8), UInt8(height & 255), UInt8(width >> 8), UInt8(width & 255)]
        for offset in 0..<4 { copy[place + 5 + offset] = size[offset] }
        return copy
    }

    /// With an orientation in EXIF data.
    public static func turned(_ bytes: [UInt8], _ orientation: UInt8) -> [UInt8] {
        var exif = [UInt8]("Exif\0\0II*\0".utf8) + [8, 0, 0, 0, 1, 0]
        exif += [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]
        return [0xFF, 0xD8, 0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif + bytes[2...]
    }
}
