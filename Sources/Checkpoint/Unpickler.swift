/// Reads a pickle (protocols 2 to 5, and what Python 2 wrote) into a graph, executing nothing.
/// Source: CPython's pickletools.py, which documents every opcode.
///
/// Work and memory are bounded by the length of the pickle: every opcode adds at most one object, and containers hold
/// references only. The limits are some ten times what a detector's training checkpoint needs, with its history.
struct Unpickler {
    enum Limit {
        static let opcodes = 1 << 22
        static let stackDepth = 1 << 18
        static let nesting = 1 << 12
        static let memoEntries = 1 << 22
        /// Longer ones are no names of tensors: what they say is not kept.
        static let stringLength = 1 << 16
        static let rank = 16
    }

    var reader: ByteReader
    var graph = PickleGraph()
    var stack: [PickleGraph.Reference] = []
    /// Stack depths at which marks lie.
    var marks: [Int] = []
    var memo: [Int: PickleGraph.Reference] = [:]
    let start: Int
    /// The one node that stands for all that no tensor depends on.
    private var opaque: PickleGraph.Reference?
    /// Items that dictionaries were made from by copying.
    var copiedItems = 0

    /// Reads the pickle that begins at the start of `range`; returns its graph and where it ends.
    static func read(
        _ bytes: FileBytes, _ range: Range<Int>
    ) throws(CheckpointError) -> (graph: PickleGraph, end: Int) {
        var unpickler = Unpickler(reader: ByteReader(bytes, range, .pickle), start: range.lowerBound)
        for _ in 0..<Limit.opcodes {
            let position = unpickler.reader.position
            let opcode = try unpickler.reader.integer(UInt8.self)
            if opcode == UInt8(ascii: ".") {
                unpickler.graph.root = try unpickler.pop()
                return (unpickler.graph, unpickler.reader.position)
            }
            if try unpickler.readScalar(opcode) { continue }
            if try unpickler.readContainer(opcode) { continue }
            guard try unpickler.readObject(opcode) else { throw .unsupportedOpcode(opcode, offset: position) }
        }
        throw .limitExceeded(.opcodes, offset: unpickler.reader.position)
    }

    private init(reader: ByteReader, start: Int) {
        self.reader = reader
        self.start = start
    }

    var malformed: CheckpointError { .malformed(.pickle, offset: reader.position) }

    // MARK: Stack

    mutating func push(_ node: PickleGraph.Node) throws(CheckpointError) {
        graph.nodes.append(node)
        try push(reference: graph.nodes.count - 1)
    }

    mutating func push(reference: PickleGraph.Reference) throws(CheckpointError) {
        guard stack.count < Limit.stackDepth else { throw .limitExceeded(.stackDepth, offset: reader.position) }
        stack.append(reference)
    }

    mutating func pop() throws(CheckpointError) -> PickleGraph.Reference {
        guard stack.count > marks.last ?? 0, let reference = stack.popLast() else { throw malformed }
        return reference
    }

    mutating func pop(_ count: Int) throws(CheckpointError) -> [PickleGraph.Reference] {
        guard stack.count - (marks.last ?? 0) >= count else { throw malformed }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    mutating func popToMark() throws(CheckpointError) -> [PickleGraph.Reference] {
        guard let mark = marks.popLast() else { throw malformed }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    func top() throws(CheckpointError) -> PickleGraph.Reference {
        guard stack.count > marks.last ?? 0, let reference = stack.last else { throw malformed }
        return reference
    }

    // MARK: Opcodes

    /// Numbers, strings and bytes.
    private mutating func readScalar(_ opcode: UInt8) throws(CheckpointError) -> Bool {
        switch opcode {
        case UInt8(ascii: "N"): try pushOpaque()
        case 0x88: try push(.boolean(true))
        case 0x89: try push(.boolean(false))
        case UInt8(ascii: "K"): try push(.integer(Int(try reader.integer(UInt8.self))))
        case UInt8(ascii: "M"): try push(.integer(Int(try reader.integer(UInt16.self))))
        case UInt8(ascii: "J"): try push(.integer(Int(try reader.integer(Int32.self))))
        case 0x8A: try pushLong(length: try reader.length(UInt8.self))
        case 0x8B: try pushLong(length: try reader.length(Int32.self))
        case UInt8(ascii: "G"):
            try reader.skip(8)
            try pushOpaque()
        case UInt8(ascii: "X"): try pushString(length: try reader.length(UInt32.self))
        case 0x8C: try pushString(length: try reader.length(UInt8.self))
        case 0x8D: try pushString(length: try reader.length(UInt64.self))
        // Python 2 pickles its byte strings so, names among them.
        case UInt8(ascii: "T"): try pushString(length: try reader.length(Int32.self))
        case UInt8(ascii: "U"): try pushString(length: try reader.length(UInt8.self))
        case UInt8(ascii: "B"): try pushBytes(length: try reader.length(UInt32.self))
        case UInt8(ascii: "C"): try pushBytes(length: try reader.length(UInt8.self))
        case 0x8E, 0x96: try pushBytes(length: try reader.length(UInt64.self))
        default: return try readLine(opcode)
        }
        return true
    }

    /// The notation of protocol 0: a line of text each.
    private mutating func readLine(_ opcode: UInt8) throws(CheckpointError) -> Bool {
        switch opcode {
        case UInt8(ascii: "I"), UInt8(ascii: "L"):
            let digits = try line().prefix { $0 != UInt8(ascii: "L") }
            if digits.elementsEqual("00".utf8) || digits.elementsEqual("01".utf8) {
                try push(.boolean(digits.last == UInt8(ascii: "1")))
            } else if let value = Int(String(decoding: digits, as: UTF8.self)) {
                try push(.integer(value))
            } else {
                try pushOpaque()
            }
        case UInt8(ascii: "F"):
            _ = try line()
            try pushOpaque()
        case UInt8(ascii: "S"): try pushText(Array(try line().dropFirst().dropLast()))
        case UInt8(ascii: "V"): try pushText(try line())
        default: return false
        }
        return true
    }

    private mutating func line() throws(CheckpointError) -> [UInt8] {
        reader.bytes.array(try reader.line(limit: Limit.stringLength))
    }

    /// An index of the memo as a line of text.
    private mutating func index() throws(CheckpointError) -> Int {
        guard let index = Int(String(decoding: try line(), as: UTF8.self)), index >= 0 else { throw malformed }
        return index
    }

    /// Tuples, lists, dictionaries, sets, and the bookkeeping of stack and memo.
    private mutating func readContainer(_ opcode: UInt8) throws(CheckpointError) -> Bool {
        switch opcode {
        case UInt8(ascii: "("):
            guard marks.count < Limit.nesting else { throw .limitExceeded(.nesting, offset: reader.position) }
            marks.append(stack.count)
        case UInt8(ascii: "0"): _ = try pop()
        case UInt8(ascii: "1"): _ = try popToMark()
        case UInt8(ascii: "2"): try push(reference: try top())
        case UInt8(ascii: ")"): try push(.tuple([]))
        case 0x85: try push(.tuple(try pop(1)))
        case 0x86: try push(.tuple(try pop(2)))
        case 0x87: try push(.tuple(try pop(3)))
        case UInt8(ascii: "t"): try push(.tuple(try popToMark()))
        case UInt8(ascii: "]"): try pushList([])
        case UInt8(ascii: "l"): try pushList(try popToMark())
        case UInt8(ascii: "a"): try append([try pop()])
        case UInt8(ascii: "e"): try append(try popToMark())
        case UInt8(ascii: "}"): try pushDictionary([])
        case UInt8(ascii: "d"): try pushDictionary(try popToMark())
        case UInt8(ascii: "s"): try setItems(try pop(2))
        case UInt8(ascii: "u"): try setItems(try popToMark())
        case 0x8F: try push(.opaque)
        case 0x90:
            _ = try popToMark()
            switch graph.nodes[try top()] {
            case .opaque, .object: break
            default: throw malformed
            }
        case 0x91:
            _ = try popToMark()
            try push(.opaque)
        case UInt8(ascii: "q"): try memoize(at: try reader.length(UInt8.self))
        case UInt8(ascii: "r"): try memoize(at: try reader.length(UInt32.self))
        case 0x94: try memoize(at: memo.count)
        case UInt8(ascii: "h"): try recall(try reader.length(UInt8.self))
        case UInt8(ascii: "j"): try recall(try reader.length(UInt32.self))
        case UInt8(ascii: "p"): try memoize(at: try index())
        case UInt8(ascii: "g"): try recall(try index())
        default: return false
        }
        return true
    }

    /// Globals, calls and persistent identifiers.
    private mutating func readObject(_ opcode: UInt8) throws(CheckpointError) -> Bool {
        switch opcode {
        case 0x80:
            guard try reader.integer(UInt8.self) <= 5 else { throw malformed }
        case 0x95: try reader.skip(8)
        case UInt8(ascii: "c"): try pushGlobal(try name(), try name())
        case 0x93:
            let names = try pop(2)
            guard let module = graph.string(names[0]), let name = graph.string(names[1]) else { throw malformed }
            try pushGlobal(module, name)
        case UInt8(ascii: "R"), 0x81: try call()
        case 0x92:
            // Keywords belong to constructors only.
            _ = try pop()
            try call()
        case UInt8(ascii: "i"):
            try pushGlobal(try name(), try name())
            let maker = try pop()
            try pushObject(by: maker, try popToMark())
        case UInt8(ascii: "o"):
            let operands = try popToMark()
            guard let maker = operands.first else { throw malformed }
            try call(maker, Array(operands.dropFirst()))
        case UInt8(ascii: "b"): try build()
        case UInt8(ascii: "Q"): try pushStorage()
        default: return false
        }
        return true
    }

    private mutating func name() throws(CheckpointError) -> String {
        guard let text = String(validating: try line(), as: UTF8.self) else { throw malformed }
        return text
    }

    private mutating func pushGlobal(_ module: String, _ name: String) throws(CheckpointError) {
        try push(.global(try PickleGlobal(module: module, name: name)))
    }

    // MARK: Values

    /// Numbers, of which there may be millions.
    mutating func pushOpaque() throws(CheckpointError) {
        if let opaque {
            try push(reference: opaque)
        } else {
            opaque = graph.nodes.count
            try push(.opaque)
        }
    }

    private mutating func pushLong(length: Int) throws(CheckpointError) {
        guard length <= Limit.stringLength else {
            try reader.skip(length)
            try pushOpaque()
            return
        }
        let digits = reader.bytes.array(try reader.take(length))
        guard digits.count <= 8 else {
            try push(.wideInteger(digits))
            return
        }
        let negative = digits.last.map { $0 & 0x80 != 0 } ?? false
        var value: UInt64 = negative ? .max : 0
        for digit in digits.reversed() { value = value << 8 | UInt64(digit) }
        try push(.integer(Int(Int64(bitPattern: value))))
    }

    private mutating func pushString(length: Int) throws(CheckpointError) {
        let range = try reader.take(length)
        guard length <= Limit.stringLength else {
            try push(.longText(range))
            return
        }
        // What is not UTF-8, such as the bytes that Python 2 kept in strings, is no name.
        if let text = String(validating: reader.bytes.array(range), as: UTF8.self) {
            try push(.string(text))
        } else {
            try push(.bytes(range))
        }
    }

    private mutating func pushText(_ bytes: [UInt8]) throws(CheckpointError) {
        if let text = String(validating: bytes, as: UTF8.self) {
            try push(.string(text))
        } else {
            try pushOpaque()
        }
    }

    private mutating func pushBytes(length: Int) throws(CheckpointError) {
        try push(.bytes(try reader.take(length)))
    }

    private mutating func pushList(_ elements: [PickleGraph.Reference]) throws(CheckpointError) {
        graph.lists.append(elements)
        try push(.list(graph.lists.count - 1))
    }

    private mutating func append(_ elements: [PickleGraph.Reference]) throws(CheckpointError) {
        switch graph.nodes[try top()] {
        case .list(let index): graph.lists[index] += elements
        case .object(let index): graph.objects[index].elements += elements
        case .opaque: break
        default: throw malformed
        }
    }

    mutating func pushDictionary(_ items: [PickleGraph.Reference]) throws(CheckpointError) {
        graph.dictionaries.append([])
        try push(.dictionary(graph.dictionaries.count - 1))
        try setItems(items)
    }

    /// Keys and values in turn. A repeated key is resolved when the dictionary is read.
    private mutating func setItems(_ items: [PickleGraph.Reference]) throws(CheckpointError) {
        guard items.count.isMultiple(of: 2) else { throw malformed }
        let pairs = stride(from: 0, to: items.count, by: 2).map { (items[$0], items[$0 + 1]) }
        switch graph.nodes[try top()] {
        case .dictionary(let index): graph.dictionaries[index] += pairs
        case .object(let index): graph.objects[index].items += pairs
        case .opaque: break
        default: throw malformed
        }
    }

    private mutating func memoize(at index: Int) throws(CheckpointError) {
        guard memo.count < Limit.memoEntries else { throw .limitExceeded(.memoEntries, offset: reader.position) }
        memo[index] = try top()
    }

    private mutating func recall(_ index: Int) throws(CheckpointError) {
        guard let reference = memo[index] else { throw malformed }
        try push(reference: reference)
    }
}
