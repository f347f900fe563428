/// An array of NumPy in a pickle, which contains its elements itself. Read as data, as everything else.
struct NumpyArray: Equatable {
    let elementType: ElementType
    let shape: [Int]
    /// In elements.
    let strides: [Int]
    let data: Elements

    /// Where its elements are.
    enum Elements: Equatable {
        case bytes(Range<Int>)
        /// Protocols before 3 have no bytes: a text with a character for each, in UTF-8.
        case latin1(Range<Int>)
        case latin1Text(String)
        /// What Python 2 wrote, where it happens to be UTF-8.
        case utf8Text(String)
    }

    /// What an unknown object of `graph` is; nil where it is no array whose elements have a place in a detector.
    init?(_ object: PickleGraph.Object, in graph: PickleGraph) {
        guard object.maker.hasPrefix("numpy.") else { return nil }
        let shape: PickleGraph.Reference, type: PickleGraph.Reference, data: PickleGraph.Reference
        var isFortran = false
        if object.maker.hasSuffix(".multiarray._reconstruct"), let state = object.state.flatMap({ graph.elements($0) }),
            state.count == 5
        {
            (shape, type, data) = (state[1], state[2], state[4])
            switch graph.nodes[state[3]] {
            case .boolean(let value): isFortran = value
            case .integer(let value): isFortran = value != 0
            default: return nil
            }
        } else if object.maker.hasSuffix(".numeric._frombuffer"), object.arguments.count == 4 {
            (data, type, shape) = (object.arguments[0], object.arguments[1], object.arguments[2])
            isFortran = graph.string(object.arguments[3]) == "F"
        } else {
            return nil
        }
        guard let sizes = graph.integers(shape), sizes.count <= Unpickler.Limit.rank,
            let elementType = Self.elementType(type, graph),
            let elements = Self.elements(data, graph), let count = CheckpointTensor.product(sizes),
            count <= SourceFile.storageLimit
        else { return nil }
        // A product that fits has factors that do, but for those beside a zero.
        var strides = [Int](repeating: 0, count: sizes.count), step = 1
        if count > 0 {
            for axis in isFortran ? Array(sizes.indices) : sizes.indices.reversed() {
                strides[axis] = step
                step *= sizes[axis]
            }
        }
        self.elementType = elementType
        self.shape = sizes
        self.strides = strides
        self.data = elements
    }

    /// numpy.dtype(name, ...) with the byte order in its state.
    private static func elementType(_ node: PickleGraph.Reference, _ graph: PickleGraph) -> ElementType? {
        guard let type = graph.object(node), type.maker == "numpy.dtype", let name = type.arguments.first,
            let text = graph.string(name)
        else { return nil }
        if let state = type.state.flatMap({ graph.elements($0) }), state.count > 1, graph.string(state[1]) == ">" { return nil }
        return switch text {
        case "f2": .float16
        case "f4": .float32
        case "f8": .float64
        case "i1": .int8
        case "i2": .int16
        case "i4": .int32
        case "i8": .int64
        case "u1": .uint8
        case "b1": .bool
        default: nil
        }
    }

    private static func elements(_ node: PickleGraph.Reference, _ graph: PickleGraph) -> Elements? {
        switch graph.nodes[node] {
        case .bytes(let range): return .bytes(range)
        case .longText(let range): return .bytes(range)
        case .string(let text): return .utf8Text(text)
        case .object(let index):
            let object = graph.objects[index]
            // _codecs.encode(text, 'latin1'), and bytearray(bytes).
            guard let first = object.arguments.first else { return nil }
            if object.maker == "_codecs.encode", object.arguments.count == 2, graph.string(object.arguments[1]) == "latin1" {
                switch graph.nodes[first] {
                case .longText(let range): return .latin1(range)
                case .string(let text): return .latin1Text(text)
                default: return nil
                }
            }
            guard ["builtins.bytearray", "__builtin__.bytearray"].contains(object.maker) else { return nil }
            return elements(first, graph)
        default: return nil
        }
    }

    /// The tensor of this name. Throws `invalidTensor` where there are more or fewer bytes than its shape needs.
    func tensor(_ name: String, in source: SourceFile) throws(CheckpointError) -> CheckpointTensor {
        let bytes: FileBytes
        switch data {
        case .bytes(let range): bytes = try source.bytes(range)
        case .latin1(let range):
            let text = try source.bytes(range)
            bytes = try Self.latin1(String(decoding: text.array(text.range), as: UTF8.self), name)
        case .latin1Text(let text): bytes = try Self.latin1(text, name)
        case .utf8Text(let text): bytes = FileBytes(Array(text.utf8))
        }
        try CheckpointTensor.check(name, shape: shape, elementType: elementType, byteCount: bytes.count)
        let storage = PickleGraph.StorageReference(
            key: "", elementType: elementType, elementCount: bytes.count / elementType.size)
        return try CheckpointTensor(
            name, .init(storage: storage, offset: 0, shape: shape, strides: strides), storage: bytes)
    }

    private static func latin1(_ text: String, _ name: String) throws(CheckpointError) -> FileBytes {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value) else { throw .invalidTensor(name, .shape) }
            bytes.append(byte)
        }
        return FileBytes(bytes)
    }

    /// Bytes of the file that stand for it.
    var byteCount: Int {
        switch data {
        case .bytes(let range), .latin1(let range): range.count
        case .latin1Text(let text), .utf8Text(let text): text.utf8.count
        }
    }
}
