import Foundation

/// The tensors that a checkpoint of one network has.
struct ExpectedTensors: Sendable {
    /// In the order in which the network uses them; none twice.
    let list: [SourceTensor]
    /// By name.
    let shapes: [String: [Int]]

    private init(_ architecture: Architecture, _ classCount: Int) {
        let graph = architecture.graph(classCount: classCount)
        // Several nodes may be made of one tensor.
        var seen: Set<String> = []
        list = graph.nodes.flatMap { node in
            let sources = architecture.recipe(of: node, in: graph, classCount: classCount)?.sources ?? []
            return sources.filter { seen.insert($0.name).inserted }
        }
        shapes = Dictionary(list.map { ($0.name, $0.shape) }) { first, _ in first }
    }

    /// Made once: a graph is laid out for it.
    static func of(_ architecture: Architecture, classCount: Int) -> ExpectedTensors {
        let key = Key(architecture, classCount)
        lock.lock()
        defer { lock.unlock() }
        if let known = made[key] { return known }
        let tensors = ExpectedTensors(architecture, classCount)
        // Checkpoints of many sizes in one process are tests.
        if made.count >= 1024 { made.removeAll() }
        made[key] = tensors
        return tensors
    }

    private struct Key: Hashable {
        let backbone: Network.Backbone
        let task: Architecture.Task
        let naming: TensorNaming
        let classCount: Int

        init(_ architecture: Architecture, _ classCount: Int) {
            (backbone, task, naming) = (architecture.backbone, architecture.task, architecture.naming)
            self.classCount = classCount
        }
    }

    private static let lock = NSLock()
    nonisolated(unsafe) private static var made: [Key: ExpectedTensors] = [:]
}
