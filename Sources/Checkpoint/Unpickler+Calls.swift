/// What the allowed globals make of their arguments.
extension Unpickler {
    mutating func call() throws(CheckpointError) {
        let operands = try pop(2)
        guard case .global(let global) = graph.nodes[operands[0]], case .tuple(let arguments) = graph.nodes[operands[1]]
        else { throw malformed }
        switch global {
        case .orderedDictionary: try pushOrderedDictionary(arguments)
        case .defaultDictionary: try pushDictionary([])
        case .rebuildTensor: try pushTensor(arguments)
        case .rebuildParameter:
            guard let data = arguments.first, case .tensor = graph.nodes[data] else {
                throw invalid("torch._utils._rebuild_parameter")
            }
            try push(reference: data)
        case .size:
            guard arguments.count == 1, let sizes = graph.elements(arguments[0]) else { throw invalid("torch.Size") }
            try push(.tuple(sizes))
        case .inertType: try push(.opaque)
        case .storage: throw invalid("a storage type")
        case .constant: throw invalid("a constant")
        }
    }

    /// An object's state. Dictionaries of tensors carry `_metadata`, versions of modules, which no tensor depends on.
    mutating func build() throws(CheckpointError) {
        _ = try pop()
        switch graph.nodes[try top()] {
        case .dictionary, .opaque, .tensor: break
        default: throw malformed
        }
    }

    /// ('storage', type, key, location, element count), before 1.6 with (view key, offset, count) or None after it. The
    /// location (cpu, cuda:0) is where the tensor was, not where its bytes are.
    mutating func pushStorage() throws(CheckpointError) {
        let name = "a persistent storage"
        guard case .tuple(let fields) = graph.nodes[try pop()], (5...6).contains(fields.count),
            graph.string(fields[0]) == "storage", case .global(.storage(let elementType)) = graph.nodes[fields[1]],
            let key = graph.string(fields[2]), let count = graph.integer(fields[4]), count >= 0
        else { throw invalid(name) }
        var storage = PickleGraph.StorageReference(key: key, elementType: elementType, elementCount: count)
        if fields.count == 6, let view = graph.elements(fields[5]) {
            guard view.count == 3, let first = graph.integer(view[1]), let viewed = graph.integer(view[2]), first >= 0,
                viewed >= 0, first <= count, viewed <= count - first
            else { throw invalid(name) }
            storage.firstElement = first
        }
        try push(.storage(storage))
    }

    /// (storage, offset, sizes, strides, requires_grad, hooks, metadata): the first four matter.
    private mutating func pushTensor(_ arguments: [PickleGraph.Reference]) throws(CheckpointError) {
        let name = "torch._utils._rebuild_tensor_v2"
        guard (4...7).contains(arguments.count), case .storage(let storage) = graph.nodes[arguments[0]],
            let offset = graph.integer(arguments[1]), let rank = graph.elements(arguments[2])?.count
        else { throw invalid(name) }
        guard rank <= Limit.rank else { throw .limitExceeded(.rank, offset: reader.position) }
        guard let shape = graph.integers(arguments[2]), graph.elements(arguments[3])?.count == rank,
            let strides = graph.integers(arguments[3])
        else { throw invalid(name) }
        try push(.tensor(.init(storage: storage, offset: offset, shape: shape, strides: strides)))
    }

    /// Empty and filled later, or, from Python 2, made from a list of pairs.
    private mutating func pushOrderedDictionary(_ arguments: [PickleGraph.Reference]) throws(CheckpointError) {
        guard let list = arguments.first else {
            try pushDictionary([])
            return
        }
        guard arguments.count == 1, let pairs = graph.elements(list) else { throw invalid("collections.OrderedDict") }
        var items: [PickleGraph.Reference] = []
        for pair in pairs {
            guard let pair = graph.elements(pair), pair.count == 2 else { throw invalid("collections.OrderedDict") }
            items += pair
        }
        // One memoized list can be turned into many dictionaries.
        copiedItems += items.count
        guard copiedItems <= Limit.opcodes else { throw .limitExceeded(.opcodes, offset: reader.position) }
        try pushDictionary(items)
    }

    private func invalid(_ name: String) -> CheckpointError {
        .invalidCall(name, offset: reader.position - start)
    }
}
