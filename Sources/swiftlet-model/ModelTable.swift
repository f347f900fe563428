import Foundation

/// What `evaluate` says of a model, whatever its task.
protocol ModelReport {
    /// Of the tensors that an int8 model stores, against the first model.
    var layers: [QuantizationReport.Line]? { get set }

    func json() throws -> String
    /// Of models on the same images, for people.
    static func table(_ reports: [Self]) -> String
}

/// Rows with a column for each model.
struct ModelTable {
    private let names: [String]
    private let widths: [Int]

    /// - Parameter models: their paths.
    init(_ models: [String]) {
        names = models.map { printable(URL.name(of: $0)) }
        widths = models.map { max(12, URL.name(of: $0).count + 2) }
    }

    /// The models' names.
    func heading(_ title: String) -> String { row(title, names) }

    /// Two decimals; a dash where a model has no value.
    func row(_ title: String, _ factor: Double, _ values: [Double?]) -> String {
        row(title, values.map { $0.map { String(format: "%.2f", $0 * factor) } ?? "-" })
    }

    private func row(_ title: String, _ values: [String]) -> String {
        padded(title, to: 26) + zip(values, widths).map { padded($0, to: $1, .right) }.joined()
    }
}
