/// Reads a pickle (protocols 2 to 5, and what Python 2 wrote) into a graph, executing nothing.
/// Source: CPython's pickletools.py, which documents every opcode.
///
/// Work and memory are bounded by the length of the pickle: every opcode adds at most one object, and containers hold
/// references only. The limits are some ten times what a detector's training checkpoint needs.
struct Unpickler {
    enum Limit {
        static let opcodes = 1 << 20
        static let stackDepth = 1 << 18
        static let nesting = 1 << 12
        static let memoEntries = 1 << 20
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
        case UInt8(ascii: "N"): try push(.opaque)
        case 0x88: try push(.boolean(true))
        case 0x89: try push(.boolean(false))
        case UInt8(ascii: "K"): try push(.integer(Int(try reader.integer(UInt8.self))))
        case UInt8(ascii: "M"): try push(.integer(Int(try reader.integer(UInt16.self))))
        case UInt8(ascii: "J"): try push(.integer(Int(try reader.integer(Int32.self))))
        case 0x8A: try pushLong(length: try reader.length(UInt8.self))
        case 0x8B: try pushLong(length: try reader.length(Int32.self))
        case UInt8(ascii: "G"):
            try reader.skip(8)
            try push(.opaque)
        case UInt8(ascii: "X"): try pushString(length: try reader.length(UInt32.self))
        case 0x8C: try pushString(length: try reader.length(UInt8.self))
        case 0x8D: try pushString(length: try reader.length(UInt64.self))
        // Python 2 pickles its byte strings so, names among them.
        case UInt8(ascii: "T"): try pushString(length: try reader.length(Int32.self))
        case UInt8(ascii: "U"): try pushString(length: try reader.length(UInt8.self))
        case UInt8(ascii: "B"): try pushBytes(length: try reader.length(UInt32.self))
        case UInt8(ascii: "C"): try pushBytes(length: try reader.length(UInt8.self))
        case 0x8E, 0x96: try pushBytes(length: try reader.length(UInt64.self))
        default: return false
        }
        return true
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
            guard case .opaque = graph.nodes[try top()] else { throw malformed }
        case 0x91:
            _ = try popToMark()
            try push(.opaque)
        case UInt8(ascii: "q"): try memoize(at: try reader.length(UInt8.self))
        case UInt8(ascii: "r"): try memoize(at: try reader.length(UInt32.self))
        case 0x94: try memoize(at: memo.count)
        case UInt8(ascii: "h"): try recall(try reader.length(UInt8.self))
        case UInt8(ascii: "j"): try recall(try reader.length(UInt32.self))
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
        case UInt8(ascii: "c"):
            let module = try text(try reader.line(limit: Limit.stringLength))
            let name = try text(try reader.line(limit: Limit.stringLength))
            try push(.global(try PickleGlobal(module: module, name: name)))
        case 0x93:
            let names = try pop(2)
            guard let module = graph.string(names[0]), let name = graph.string(names[1]) else { throw malformed }
            try push(.global(try PickleGlobal(module: module, name: name)))
        case UInt8(ascii: "R"), 0x81: try call()
        case UInt8(ascii: "b"): try build()
        case UInt8(ascii: "Q"): try pushStorage()
        default: return false
        }
        return true
    }

    // MARK: Values

    private mutating func pushLong(length: Int) throws(CheckpointError) {
        guard length <= Limit.stringLength else { throw .limitExceeded(.stringLength, offset: reader.position) }
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
        guard length <= Limit.stringLength else { throw .limitExceeded(.stringLength, offset: reader.position) }
        try push(.string(try text(try reader.take(length))))
    }

    private mutating func pushBytes(length: Int) throws(CheckpointError) {
        try reader.skip(length)
        try push(.opaque)
    }

    private func text(_ range: Range<Int>) throws(CheckpointError) -> String {
        guard let text = String(validating: reader.bytes.array(range), as: UTF8.self) else { throw malformed }
        return text
    }

    private mutating func pushList(_ elements: [PickleGraph.Reference]) throws(CheckpointError) {
        graph.lists.append(elements)
        try push(.list(graph.lists.count - 1))
    }

    private mutating func append(_ elements: [PickleGraph.Reference]) throws(CheckpointError) {
        switch graph.nodes[try top()] {
        case .list(let index): graph.lists[index] += elements
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
        guard case .dictionary(let index) = graph.nodes[try top()], items.count.isMultiple(of: 2) else {
            throw malformed
        }
        for item in stride(from: 0, to: items.count, by: 2) {
            graph.dictionaries[index].append((items[item], items[item + 1]))
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
