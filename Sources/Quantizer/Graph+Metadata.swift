extension Graph {
    /// The key-value pairs from which `GraphFile` reads the same graph; at any size, if it keeps all operations.
    public var metadata: [(key: Name, value: MetadataValue)] {
        var kinds: [String] = [], kind: [UInt8] = []
        for node in nodes {
            let name = "\(node.operation.name)"
            if !kinds.contains(name) { kinds.append(name) }
            kind.append(UInt8(kinds.firstIndex(of: name)!))
        }
        return [
            (Name("graph.kinds"), .texts(kinds)),
            (Name("graph.kind"), .bytes(kind)),
            (Name("graph.names"), .texts(nodes.map(\.name.text))),
            (Name("graph.has_bias"), .bytes(nodes.map { $0.hasBias ? 1 : 0 })),
            (Name("graph.input_counts"), .bytes(nodes.map { UInt8($0.inputCount) })),
            (
                Name("graph.inputs"),
                .shorts(nodes.flatMap { node in (0..<node.inputCount).map { UInt16(node.input($0).index) } })
            ),
            (Name("graph.attribute_counts"), .bytes(nodes.map { UInt8($0.operation.attributes.count) })),
            (Name("graph.attributes"), .shorts(nodes.flatMap { $0.operation.attributes.map { UInt16($0) } })),
            (Name("graph.outputs"), .shorts([UInt16(output.index)])),
        ]
    }
}
