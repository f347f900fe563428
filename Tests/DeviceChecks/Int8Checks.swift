import Kernels
import Model
import Engine
import Vision

/// int8 networks on this processor.
public enum Int8Checks {
    /// The predictions are the pinned ones, and every kernel path that the processor has gives the scalar kernels' bits,
    /// on one and on three threads.
    public static func pathsAgree(
        _ network: GoldenChecks.Network, model: String, fixtures: String, _ check: inout Check
    ) {
        guard let expected = predictions(network, .scalar, threads: 1, model: model, fixtures: fixtures) else {
            check.expect(false, "the int8 model or its golden cannot be read")
            return
        }
        let found = digest(expected)
        check.expect(found == network.int8Digest, "the predictions' digest is \(found)")
        others(than: .scalar, give: expected, "\(network.directory)", &check) { path, threads in
            predictions(network, path, threads: threads, model: model, fixtures: fixtures)
        }
    }

    /// Every other path that the processor has gives what `first` gave on one thread, on one and on three.
    static func others<Values: Equatable>(
        than first: KernelPath, give expected: Values, _ name: String, _ check: inout Check,
        _ run: (KernelPath, _ threads: Int) -> Values?
    ) {
        for path in KernelPath.available(for: .int8) {
            for threads in [1, 3] where path != first || threads > 1 {
                check.expect(
                    run(path, threads) == expected, "\(name): \(path.name) with \(threads) threads differs from \(first.name)")
            }
        }
    }

    private static func predictions(
        _ network: GoldenChecks.Network, _ path: KernelPath, threads: Int, model: String, fixtures: String
    ) -> [UInt16]? {
        let prepared = GoldenChecks.detector(
            network, "run_208x240_interp", model: model, fixtures: fixtures, threshold: 0.3, threads: threads,
            path: path)
        guard let engine = prepared?.engine, engine.precision == .int8 else { return nil }
        engine.run()
        guard case .fp16(let values) = engine.predictions else { return nil }
        return Array(values)
    }

    /// FNV-1a of the values' bytes.
    private static func digest(_ values: [UInt16]) -> UInt64 {
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325
        for value in values {
            for byte in [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)] {
                digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3
            }
        }
        return digest
    }
}
