import Camera
import Engine
import Vision

extension BoardReader {
    /// The text behind a key's equals sign, never empty.
    struct Value {
        private let value: ConfigurationReader.Value

        init(_ text: INICursor) throws(BoardMistake.Refusal) {
            do throws(ConfigurationMistake.Refusal) {
                value = try ConfigurationReader.Value(text, isProse: true)
            } catch {
                throw .init(.line(error.reason))
            }
        }

        var bytes: [UInt8] { value.bytes }

        /// What fits every board.
        var isAny: Bool { bytes == Service.bytes("any") }

        func number(in range: ClosedRange<Double>) throws(BoardMistake.Refusal) -> Double {
            do throws(ConfigurationMistake.Refusal) {
                return try value.number(in: range)
            } catch {
                throw .init(.line(error.reason))
            }
        }

        func integer(in range: ClosedRange<Int64>) throws(BoardMistake.Refusal) -> Int {
            do throws(ConfigurationMistake.Refusal) {
                return try value.integer(in: range)
            } catch {
                throw .init(.line(error.reason))
            }
        }

        func size() throws(BoardMistake.Refusal) -> PictureSize {
            do throws(ConfigurationMistake.Refusal) {
                return try value.size()
            } catch {
                throw .init(.line(error.reason))
            }
        }

        /// A path that has kernels for `arithmetic` on an ARM core.
        func path(for arithmetic: Arithmetic) throws(BoardMistake.Refusal) -> KernelPath {
            let paths: [KernelPath] = arithmetic == .int8 ? [.scalar, .neon, .neondot] : [.scalar, .neon, .neonfp16]
            for path in paths where bytes == Service.bytes(path.name) { return path }
            throw .init(.notAPath)
        }

        func core() throws(BoardMistake.Refusal) -> ProcessorCore {
            for core in ProcessorCore.allCases where bytes == Service.bytes(core.name) { return core }
            throw .init(.notACore)
        }

        func architecture() throws(BoardMistake.Refusal) -> BoardProfile.Architecture {
            for architecture in BoardProfile.Architecture.allCases where bytes == Service.bytes(architecture.name) {
                return architecture
            }
            throw .init(.notAnArchitecture)
        }

        func format() throws(BoardMistake.Refusal) -> PixelFormat {
            for format in PixelFormat.allCases where bytes == Service.bytes(format.name) { return format }
            throw .init(.notAFormat)
        }

        func isMeasured() throws(BoardMistake.Refusal) -> Bool {
            if bytes == Service.bytes("measured") { return true }
            guard bytes == Service.bytes("estimated") else { throw .init(.notABasis) }
            return false
        }
    }
}
