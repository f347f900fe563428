/// Named tensors at one place of a checkpoint, of which nothing but names and shapes has been read.
public struct TensorDictionary: Sendable {
    /// One name, and what stands under it.
    public struct Entry: Sendable {
        /// As in the file.
        public let name: String
        let content: Content

        /// Slowest dimension first; nil where a tensor was made by something that is not known.
        public var shape: [Int]? {
            switch content {
            case .view(let tensor): tensor.shape
            case .range(_, let shape, _): shape
            case .loaded(let tensor): tensor.shape
            case .array(let array): array.shape
            case .unsupported(_, let shape): shape
            case .foreign: nil
            }
        }

        /// The qualified name of what made it, where that is not known and nothing can be read.
        public var maker: String? {
            if case .foreign(let maker) = content { maker } else { nil }
        }

        /// The name of its element type, where that is none of floating-point numbers that can be read.
        public var otherElementType: String? {
            let type: ElementType
            switch content {
            case .view(let tensor): type = tensor.storage.elementType
            case .range(let stored, _, _): type = stored
            case .loaded(let tensor): type = tensor.elementType
            case .array(let array): type = array.elementType
            case .unsupported(let name, _): return name
            case .foreign: return nil
            }
            return type.isFloating ? nil : "\(type)"
        }

        /// Whether both are the same bytes of one file.
        public func isSame(as other: Entry) -> Bool {
            switch (content, other.content) {
            case (.view(let one), .view(let two)): one == two
            case (.range(let one, let shape, let range), .range(let two, let otherShape, let otherRange)):
                one == two && shape == otherShape && range == otherRange
            case (.array(let one), .array(let two)): one == two
            default: false
            }
        }
    }

    enum Content: Sendable {
        case view(PickleGraph.TensorReference)
        /// Contiguous, at this place of the file.
        case range(ElementType, shape: [Int], Range<Int>)
        case loaded(CheckpointTensor)
        /// Boxed: most files have none.
        indirect case array(NumpyArray)
        case foreign(String)
        /// Of an element type that has no place in a detector.
        case unsupported(String, shape: [Int])
    }

    /// The keys that lead to it from the top, where it is empty. A list's places are in brackets.
    public let place: [String]
    /// In the file's order; no name occurs twice.
    public let entries: [Entry]
    /// Whether it is a list, whose entries are called by their places.
    public let isList: Bool

    init(place: [String], entries: [Entry], isList: Bool = false) {
        self.place = place
        self.entries = entries
        self.isList = isList
    }

    /// Whether any of its tensors is an array of NumPy.
    var hasArrays: Bool {
        entries.contains { entry in
            if case .array = entry.content { true } else { false }
        }
    }

    static let limit = 1 << 16
    /// Of all dictionaries of a file together: an optimiser's state has one for each parameter.
    static let totalLimit = 1 << 18
}

/// Finds the dictionaries of tensors in what a pickle describes, wherever they are.
struct TensorSearch {
    private let graph: PickleGraph
    /// Keys that lead to a dictionary, at most, and bytes of a prefix in a tree of modules: what lies deeper is no weight
    /// of anybody's.
    private static let depthLimit = 64
    private static let prefixLimit = 512

    /// By node: the node that leads there first, its key, and how many lead there.
    private var origins: [PickleGraph.Reference: (from: PickleGraph.Reference, key: String, depth: Int)] = [:]
    private var entryCount = 0
    private var queue: [PickleGraph.Reference] = []
    private(set) var found: [TensorDictionary] = []

    /// Throws `limitExceeded` where one has too many tensors.
    static func dictionaries(in graph: PickleGraph) throws(CheckpointError) -> [TensorDictionary] {
        var search = TensorSearch(graph: graph)
        search.enqueue(graph.root, from: graph.root, key: "")
        var next = 0
        // Breadth first: what lies higher is found first, and by its shortest way.
        while next < search.queue.count {
            try search.visit(search.queue[next])
            next += 1
        }
        return search.found
    }

    private init(graph: PickleGraph) { self.graph = graph }

    private mutating func enqueue(
        _ node: PickleGraph.Reference, from: PickleGraph.Reference, key: @autoclosure () -> String
    ) {
        switch graph.nodes[node] {
        case .dictionary, .object, .tuple, .list:
            let depth = (origins[from]?.depth ?? 0) + 1
            guard origins[node] == nil, depth <= Self.depthLimit else { return }
            origins[node] = (from, key(), depth)
            queue.append(node)
        default: break
        }
    }

    private mutating func visit(_ node: PickleGraph.Reference) throws(CheckpointError) {
        if let elements = graph.elements(node) {
            visit(elements, of: node)
            try addList(elements, at: node)
        } else if let object = graph.object(node) {
            if let module = try entries(ofModule: node) {
                try add(module, at: node)
            } else {
                try visit(object.items, of: node)
                visit(object.elements, of: node)
                visit(object.arguments, of: node)
                if let state = object.state {
                    // Attributes: as if they were the object's own keys.
                    if let attributes = graph.dictionary(state) {
                        try visit(attributes, of: node)
                    } else {
                        enqueue(state, from: node, key: "")
                    }
                }
            }
        } else if let items = graph.dictionary(node) {
            try visit(items, of: node)
        }
    }

    /// A list of nothing but tensors, which some averages are.
    private mutating func addList(
        _ elements: [PickleGraph.Reference], at node: PickleGraph.Reference
    ) throws(CheckpointError) {
        guard elements.count >= 8, elements.count <= TensorDictionary.limit else { return }
        var entries: [TensorDictionary.Entry] = []
        for (index, element) in elements.enumerated() {
            guard let content = content(element) else { return }
            entries.append(.init(name: "[\(index)]", content: content))
        }
        try add(entries, at: node, isList: true)
    }

    private mutating func visit(_ elements: [PickleGraph.Reference], of node: PickleGraph.Reference) {
        for (index, element) in elements.enumerated() { enqueue(element, from: node, key: "[\(index)]") }
    }

    private mutating func visit(
        _ items: [(key: PickleGraph.Reference, value: PickleGraph.Reference)], of node: PickleGraph.Reference
    ) throws(CheckpointError) {
        var entries: [TensorDictionary.Entry] = []
        var places: [String: Int] = [:]
        for (key, value) in items {
            guard let name = graph.string(key) ?? graph.integer(key).map({ "\($0)" }) else { continue }
            enqueue(value, from: node, key: name)
            guard let content = content(value), graph.string(key) != nil else { continue }
            // As in Python, a repeated key keeps its place and takes the last value.
            if let place = places[name] {
                entries[place] = .init(name: name, content: content)
            } else {
                guard entries.count < TensorDictionary.limit else { throw .limitExceeded(.tensors, offset: 0) }
                places[name] = entries.count
                entries.append(.init(name: name, content: content))
            }
        }
        try add(entries, at: node)
    }

    private mutating func add(
        _ entries: [TensorDictionary.Entry], at node: PickleGraph.Reference, isList: Bool = false
    ) throws(CheckpointError) {
        // Objects alone are no weights, unless there are many: those of another library.
        guard entries.count >= 8 || entries.contains(where: { $0.maker == nil }) else { return }
        entryCount += entries.count
        guard entryCount <= TensorDictionary.totalLimit else { throw .limitExceeded(.tensors, offset: 0) }
        found.append(TensorDictionary(place: place(of: node), entries: entries, isList: isList))
    }

    private func content(_ node: PickleGraph.Reference) -> TensorDictionary.Content? {
        switch graph.nodes[node] {
        case .tensor(let tensor): .view(tensor)
        case .object(let index):
            NumpyArray(graph.objects[index], in: graph).map { .array($0) } ?? .foreign(graph.objects[index].maker)
        default: nil
        }
    }

    private func place(of node: PickleGraph.Reference) -> [String] {
        var place: [String] = []
        var node = node
        while node != graph.root, let origin = origins[node] {
            if !origin.key.isEmpty { place.append(origin.key) }
            node = origin.from
        }
        return place.reversed()
    }

    // MARK: Whole modules

    private typealias Items = [(key: PickleGraph.Reference, value: PickleGraph.Reference)]

    /// What torch.save(module) keeps of a torch.nn.Module; nil for any other object.
    private func module(_ node: PickleGraph.Reference) -> (tensors: Items, modules: Items)? {
        guard let state = graph.object(node)?.state, let attributes = graph.dictionary(state) else { return nil }
        func attribute(_ name: String) -> Items? {
            guard let item = attributes.last(where: { graph.string($0.key) == name }) else { return nil }
            return graph.dictionary(item.value)
        }
        guard let parameters = attribute("_parameters"), let modules = attribute("_modules") else { return nil }
        return (parameters + (attribute("_buffers") ?? []), modules)
    }

    /// The state_dict of the module and of those in it, which are not looked at again.
    private mutating func entries(
        ofModule node: PickleGraph.Reference
    ) throws(CheckpointError) -> [TensorDictionary.Entry]? {
        guard module(node) != nil else { return nil }
        var entries: [TensorDictionary.Entry] = []
        var names: Set<String> = []
        var pending = [(node: node, prefix: "")]
        var seen: Set<PickleGraph.Reference> = [node]
        while let (node, prefix) = pending.popLast() {
            guard let module = module(node) else { continue }
            for (key, value) in module.tensors {
                guard let key = graph.string(key), let content = content(value) else { continue }
                guard entries.count < TensorDictionary.limit else { throw .limitExceeded(.tensors, offset: 0) }
                if names.insert(prefix + key).inserted { entries.append(.init(name: prefix + key, content: content)) }
            }
            for (key, value) in module.modules.reversed() {
                guard let key = graph.string(key), seen.insert(value).inserted else { continue }
                guard prefix.utf8.count + key.utf8.count < Self.prefixLimit else { continue }
                origins[value] = origins[value] ?? (node, key, Self.depthLimit)
                pending.append((value, "\(prefix)\(key)."))
            }
        }
        return entries
    }
}
