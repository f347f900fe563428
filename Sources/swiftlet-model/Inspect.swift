import ArgumentParser
import Foundation

struct Inspect: ModelCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the contents of a model file: network, labels, pre-processing, layers, sizes and costs.")

    @Argument(help: "The model file.", completion: .file(extensions: ["gguf"]))
    var model: String

    func execute() throws {
        let file = try open(model: model)
        do {
            let (description, _, graph) = try Model.read(file)
            printSummary(file, description)
            printLayers(file, graph)
        } catch {
            throw Failure.badData(error.message(model: model))
        }
    }

    private func printSummary(_ file: ModelFile, _ description: ModelDescription) {
        func row(_ title: String, _ value: String) { print(padded(title, to: 16) + printable(value)) }
        let input = description.input
        func list(_ values: InlineArray<3, Float>) -> String { "\(values[0]), \(values[1]), \(values[2])" }
        row("name", text(description.name))
        row("architecture", text(description.family))
        row("file", "\(model), \(byteCount(file.byteCount)), \(file.tensors.count) tensors")
        row("input", "\(input.size.width)x\(input.size.height), \(input.channelOrder.word)")
        row("fit", "\(input.fit.word)")
        row(
            "pre-processing",
            "value * \(input.scale), minus mean (\(list(input.mean))), "
                + "divided by deviation (\(list(input.standardDeviation)))")
        row("task", "\(description.task.kind.word)")
        switch description.task {
        case .detection(let task):
            row("anchors", "scales \(Float(task.anchors.minimumScale)) to \(Float(task.anchors.maximumScale))")
            row("suppression", suppression(task))
        case .classification: break
        case .segmentation(let task): row("upsampling", "\(task.upsampling.word)")
        }
        row("resize", "\(description.resize.word)")
        let hasBackground = description.task.kind.firstClass > 0
        row("labels", "\(description.labels.count)" + (hasBackground ? " with background" : ""))
        for (index, label) in description.labels.enumerated() {
            print("  \(padded("\(index)", to: 5))\(printable(text(label)))")
        }
    }

    private func suppression(_ task: DetectionDescription) -> String {
        switch task.suppression {
        case .perClass(let limit): "per class, IoU \(task.iouThreshold), best \(limit) of each class"
        case .acrossClasses(let candidates, let limit):
            "across classes, IoU \(task.iouThreshold), \(candidates) candidates a class, best \(limit)"
        }
    }

    private func printLayers(_ file: ModelFile, _ graph: Graph) {
        print("")
        print(Self.columns("layer", "output", "weight", "type", "bytes", "MAC"))
        var total: Int64 = 0
        for node in graph.nodes {
            let cost = graph.multiplyAccumulates(node)
            total += cost
            let weight = file.tensor(node.name.appending(".weight"))
            let bias = file.tensor(node.name.appending(".bias"))
            guard weight != nil || cost > 0 else { continue }
            let output = graph.shape(node.output)
            print(
                Self.columns(
                    printable(node.name.text), "\(output.height) x \(output.width) x \(output.channels)",
                    weight.map { $0.shape.text } ?? "", weight.map { "\($0.storageType.text)" } ?? "",
                    weight.map { "\($0.byteRange.count + (bias?.byteRange.count ?? 0))" } ?? "", "\(cost)"))
        }
        let bytes = file.tensors.reduce(0) { $0 + $1.byteRange.count }
        print(Self.columns("total", "", "", "", "\(bytes)", "\(total)"))
    }

    private static func columns(
        _ name: String, _ output: String, _ weight: String, _ type: String, _ bytes: String, _ cost: String
    ) -> String {
        padded(name, to: 58) + padded(output, to: 18) + padded(weight, to: 18) + padded(type, to: 5)
            + padded(bytes, to: 9, .right) + padded(cost, to: 11, .right)
    }
}

/// The model file at `path`, its container checked.
func open(model path: String) throws -> ModelFile {
    do {
        return try ModelFile(path: path)
    } catch {
        if case .cannotRead = error { throw Failure.noInput("\(path): \(error.message)") }
        throw Failure.badData("\(path): \(error.message)")
    }
}

/// What the model at `path` does.
func kind(of path: String) throws -> TaskKind {
    let file = try open(model: path)
    do {
        return try ModelDescription(file).task.kind
    } catch {
        throw Failure.badData("\(path): \(error.message)")
    }
}

/// The model of `file`, which has that path, ready to run.
func load(_ file: ModelFile, _ path: String, size: ImageSize? = nil, _ settings: ModelSettings) throws -> Model {
    do {
        return try Model(file: file, size: size, settings: settings)
    } catch {
        throw Failure.unusable(path, error)
    }
}
