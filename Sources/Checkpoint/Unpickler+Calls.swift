/// What globals make of their arguments.
extension Unpickler {
    mutating func call() throws(CheckpointError) {
        let operands = try pop(2)
        guard case .tuple(let arguments) = graph.nodes[operands[1]] else { throw malformed }
        try call(operands[0], arguments)
    }

    /// The global or object `callable` with these arguments.
    mutating func call(
        _ callable: PickleGraph.Reference, _ arguments: [PickleGraph.Reference]
    ) throws(CheckpointError) {
        switch graph.nodes[callable] {
        case .global(.orderedDictionary): try pushOrderedDictionary(arguments)
        case .global(.defaultDictionary): try pushDictionary([])
        case .global(.rebuildTensor): try pushTensor(arguments)
        case .global(.rebuildParameter): try pushParameter(arguments)
        case .global(.rebuildFromType):
            // (function, type, its arguments, state)
            guard arguments.count >= 3, case .tuple(let inner) = graph.nodes[arguments[2]] else {
                throw invalid("torch._tensor._rebuild_from_type_v2")
            }
            switch graph.nodes[arguments[0]] {
            case .global(.rebuildTensor): try pushTensor(inner)
            case .global(.rebuildParameter): try pushParameter(inner)
            default: try pushObject(by: arguments[0], inner)
            }
        case .global(.size):
            guard arguments.count == 1, let sizes = graph.elements(arguments[0]) else { throw invalid("torch.Size") }
            try push(.tuple(sizes))
        case .global(.storage): throw invalid("a storage type")
        case .global(.foreign), .object, .opaque: try pushObject(by: callable, arguments)
        default: throw malformed
        }
    }

    mutating func pushObject(
        by maker: PickleGraph.Reference, _ arguments: [PickleGraph.Reference]
    ) throws(CheckpointError) {
        let name =
            switch graph.nodes[maker] {
            case .global(.foreign(let name)): name
            case .object(let index): graph.objects[index].maker
            default: "an object"
            }
        graph.objects.append(.init(maker: name, arguments: arguments))
        try push(.object(graph.objects.count - 1))
    }

    /// An object's state. Dictionaries of tensors carry `_metadata`, versions of modules, which no tensor depends on.
    mutating func build() throws(CheckpointError) {
        let state = try pop()
        switch graph.nodes[try top()] {
        case .object(let index): graph.objects[index].state = state
        case .dictionary, .opaque, .tensor: break
        default: throw malformed
        }
    }

    private mutating func pushParameter(_ arguments: [PickleGraph.Reference]) throws(CheckpointError) {
        guard let data = arguments.first else { throw invalid("torch._utils._rebuild_parameter") }
        switch graph.nodes[data] {
        case .tensor, .object: try push(reference: data)
        default: throw invalid("torch._utils._rebuild_parameter")
        }
    }

    /// ('storage', type, key, location, element count), before 1.6 with (view key, offset, count) or None after it. The
    /// location (cpu, cuda:0) is where the tensor was, not where its bytes are.
    mutating func pushStorage() throws(CheckpointError) {
        let name = "a persistent storage"
        let identity = try pop()
        // Before 1.6 a module's class came with its source; what else is no storage, or of an unknown type, is no tensor
        // that could be read.
        guard case .tuple(let fields) = graph.nodes[identity], fields.count >= 2 else {
            try pushOpaque()
            return
        }
        if case .global(.foreign) = graph.nodes[fields[1]] {
            if graph.string(fields[0]) == "module" {
                try push(reference: fields[1])
            } else {
                try pushObject(by: fields[1], [])
            }
            return
        }
        guard (5...6).contains(fields.count),
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

    /// (storage, offset, sizes, strides, requires_grad, hooks, metadata). The metadata say whether the elements are to be
    /// negated or conjugated when they are read, which is not done here.
    private mutating func pushTensor(_ arguments: [PickleGraph.Reference]) throws(CheckpointError) {
        let name = "torch._utils._rebuild_tensor_v2"
        if let first = arguments.first, case .object = graph.nodes[first] {
            try pushObject(by: first, [])
            return
        }
        guard (4...7).contains(arguments.count), case .storage(let storage) = graph.nodes[arguments[0]],
            let offset = graph.integer(arguments[1]), let rank = graph.elements(arguments[2])?.count
        else { throw invalid(name) }
        guard rank <= Limit.rank else { throw .limitExceeded(.rank, offset: reader.position) }
        guard let shape = graph.integers(arguments[2]), graph.elements(arguments[3])?.count == rank,
            let strides = graph.integers(arguments[3])
        else { throw invalid(name) }
        if arguments.count == 7, let bits = graph.dictionary(arguments[6]),
            bits.contains(where: { if case .boolean(true) = graph.nodes[$0.value] { true } else { false } })
        {
            graph.objects.append(.init(maker: PickleGraph.Object.changedView, arguments: []))
            try push(.object(graph.objects.count - 1))
            return
        }
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
