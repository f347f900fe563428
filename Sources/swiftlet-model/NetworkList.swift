/// What `import --list` prints.
enum NetworkList {
    static var text: String {
        var rows: [(name: String, title: String, namings: [String])] = []
        for architecture in Architecture.known {
            let naming = word(architecture.naming)
            if let row = rows.firstIndex(where: { $0.name == architecture.name }) {
                rows[row].namings.append(naming)
            } else {
                rows.append((architecture.name, architecture.title, [naming]))
            }
        }
        rows.sort { $0.name < $1.name }
        let width = rows.map(\.name.count).max()! + 2, titleWidth = rows.map(\.title.count).max()! + 2
        let header = padded("name", to: width) + padded("network", to: titleWidth) + "names of tensors"
        let lines = rows.map {
            padded($0.name, to: width) + padded($0.title, to: titleWidth) + $0.namings.joined(separator: ", ")
        }
        return ([header] + lines).joined(separator: "\n")
    }

    private static func word(_ naming: TensorNaming) -> String {
        switch naming {
        case .upstream: "upstream"
        case .timm: "timm"
        case .upstreamFolded: "upstream (reparameterised)"
        case .timmFolded: "timm (reparameterised)"
        case .transformers: "transformers"
        }
    }
}
