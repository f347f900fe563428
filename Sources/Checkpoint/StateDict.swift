/// Finds the dictionary of tensors in what a pickle describes.
struct StateDict {
    struct Entry {
        var name: String
        var tensor: PickleGraph.TensorReference
    }

    /// In the order of the dictionary. What is not a tensor is left out.
    let entries: [Entry]

    /// A training checkpoint nests its weights under one of these keys; the first that is there is taken. Averaged
    /// weights come first: they are the ones that upstream evaluates and publishes.
    static let nestingKeys = ["ema_state_dict", "model_state_dict", "state_dict", "model_ema", "model"]

    static let tensorLimit = 1 << 16

    init(_ graph: PickleGraph) throws(CheckpointError) {
        guard let root = Self.items(graph, graph.root) else { throw .noStateDict }
        let nested = Self.nestingKeys.lazy.compactMap { key in root.first { $0.key == key } }
            .compactMap { Self.items(graph, $0.value) }.first { !$0.isEmpty }
        var entries: [Entry] = []
        for (name, value) in nested ?? root {
            guard case .tensor(let tensor) = graph.nodes[value] else { continue }
            guard entries.count < Self.tensorLimit else { throw .limitExceeded(.tensors, offset: 0) }
            entries.append(Entry(name: name, tensor: tensor))
        }
        guard !entries.isEmpty else { throw .noStateDict }
        self.entries = entries
    }

    /// The items with text keys; as in Python, a repeated key keeps its place and takes the last value.
    private static func items(
        _ graph: PickleGraph, _ reference: PickleGraph.Reference
    ) -> [(key: String, value: PickleGraph.Reference)]? {
        guard let dictionary = graph.dictionary(reference) else { return nil }
        var items: [(key: String, value: PickleGraph.Reference)] = []
        var places: [String: Int] = [:]
        for (key, value) in dictionary {
            guard let key = graph.string(key) else { continue }
            if let place = places[key] {
                items[place].value = value
            } else {
                places[key] = items.count
                items.append((key, value))
            }
        }
        return items
    }
}
