import CTestSupport
import Pixels
import Vision

/// What an image gives does not depend on the images before it.
public enum JPEGOrderChecks {
    /// The ways that decoded images go.
    private enum Way: Int, CaseIterable { case full, fraction, planes }

    private struct Outcome: Equatable {
        var error: JPEGError?
        var size = ImageSize(width: 0, height: 0)
        var orientation = Orientation.upright
        var warnings = 0
        var hash: UInt64 = 0
    }

    private struct Player: ~Copyable {
        var decoder = JPEGDecoder()
        var image = Image()
        var planes = PlanarImage()

        mutating func play(_ bytes: [UInt8], _ way: Way) -> Outcome {
            var outcome = Outcome()
            let warnings = decoder.warnings
            bytes.withUnsafeBytes { bytes in
                do throws(JPEGError) {
                    switch way {
                    case .full: outcome.size = try decoder.decode(bytes, into: &image)
                    case .fraction:
                        outcome.size = try decoder.decode(
                            bytes, into: &image, atLeast: ImageSize(width: 20, height: 18))
                    case .planes:
                        let size = try decoder.decodePlanes(
                            bytes, into: &planes, atLeast: ImageSize(width: 20, height: 18))
                        if let size { outcome.size = size }
                    }
                    outcome.orientation = decoder.orientation
                    outcome.warnings = decoder.warnings - warnings
                } catch {
                    outcome.error = error
                }
            }
            if outcome.error == nil { outcome.hash = hash(way, outcome.size) }
            return outcome
        }

        private func hash(_ way: Way, _ size: ImageSize) -> UInt64 {
            guard way == .planes else { return ctest_hash(1, image.pixels.baseAddress, image.pixels.count) }
            guard size.width > 0 else { return 0 }
            let view = planes.view
            var hash: UInt64 = 1
            for index in 0..<(view.layout.colours == .grey ? 1 : 3) {
                let channel = view.layout.channels[index], plane = view.planes[index]
                for row in 0..<channel.size.height {
                    hash = ctest_hash(hash, plane.start + row * plane.rowBytes, channel.size.width)
                }
            }
            return hash
        }
    }

    /// All images in `permutations` random orders through one decoder, each by a way of its own, against a decoder that
    /// sees nothing else.
    public static func anyOrder(permutations: Int, _ check: inout Check) {
        let entries = JPEGImages().entries
        check.expect(entries.count >= 60, "only \(entries.count) images")
        var alone: [[Outcome]] = []
        for entry in entries {
            var outcomes: [Outcome] = []
            for way in Way.allCases {
                var player = Player()
                outcomes.append(player.play(entry.bytes, way))
            }
            alone.append(outcomes)
        }
        fates(entries, alone, &check)
        var generator = SeededGenerator(seed: 0x4F52_4445)
        var player = Player()
        var order = Array(entries.indices)
        for _ in 0..<permutations {
            order.shuffle(using: &generator)
            var before = ""
            for index in order {
                let way = Way.allCases[Int.random(in: 0..<3, using: &generator)]
                let outcome = player.play(entries[index].bytes, way)
                let name = entries[index].name
                check.expect(outcome == alone[index][way.rawValue], "\(name), by way \(way.rawValue), is another after \(before)")
                before = name
            }
        }
    }

    /// Used, rejected, or equal to another way of storing the same pixels.
    private static func fates(_ entries: [JPEGImages.Entry], _ outcomes: [[Outcome]], _ check: inout Check) {
        for (entry, outcomes) in zip(entries, outcomes) {
            for outcome in outcomes {
                switch entry.fate {
                case .used: check.expect(outcome.error == nil && outcome.warnings == 0, "\(entry.name) is not used")
                case .rejected: check.expect(outcome.error != nil, "\(entry.name) is used")
                case .same, .either: break
                }
            }
        }
        for (index, entry) in entries.enumerated() {
            guard case .same(let other) = entry.fate else { continue }
            for (mine, its) in zip(outcomes[index], outcomes[other]) {
                check.expect(
                    mine.error == nil && mine.hash == its.hash && mine.size == its.size,
                    "\(entry.name) differs from \(entries[other].name)")
            }
        }
    }

    /// Frames through one decoder call no allocator, and take nothing for good: with tables and without, damaged ones
    /// between them.
    public static func manyFrames(_ frames: Int, count: () -> UInt, _ check: inout Check) {
        var options = JPEGImages.options()
        (options.width, options.height) = (16, 16)
        let own = { () -> [UInt8] in
            var options = options
            options.is_optimised = 1
            return JPEGImages.make(options)
        }()
        (options.left_out_dc, options.left_out_ac) = (3, 3)
        let without = JPEGImages.make(options)
        options.left_out_quantisation = 1
        let rejected = JPEGImages.make(options)
        let cut = Array(own.dropLast(own.count / 3))
        let images = [own, without, rejected, cut, without]
        let isGood = [true, true, false, false, true]
        var decoder = JPEGDecoder(limits: JPEGLimits(memory: 1 << 20))
        var planes = PlanarImage()
        var wrong = 0
        var start = count()
        for frame in 0..<frames {
            if frame == images.count { start = count() }
            let index = frame % images.count
            let isDecoded = images[index].withUnsafeBytes { bytes in
                (try? decoder.decodePlanes(bytes, into: &planes, atLeast: ImageSize(width: 16, height: 16))) != nil
            }
            if isDecoded != isGood[index] { wrong += 1 }
        }
        check.expect(count() == start, "\(frames) frames made \(count() - start) allocator calls")
        check.expect(wrong == 0, "\(wrong) of \(frames) frames are not as the first ones")
    }
}
