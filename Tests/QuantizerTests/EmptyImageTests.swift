import Model
import Foundation
import Pixels
import TestSupport
import Testing
import Vision

/// The models that the project ships see nothing where nothing is: under a lid, on a wall, in the dark.
@Suite struct EmptyImageTests {
    private static let size = ImageSize(width: 320, height: 240)

    /// A pixel's colour, 0 to 255 a channel, by its place in 0..<1.
    private typealias Surface = (_ x: Double, _ y: Double, inout SeededGenerator) -> (Double, Double, Double)

    private static func grey(_ value: Double) -> (Double, Double, Double) { (value, value, value) }

    private static var surfaces: [(name: String, surface: Surface)] {
        var all: [(String, Surface)] = []
        for red in [0.0, 90, 170, 255] {
            for green in [0.0, 90, 170, 255] {
                for blue in [0.0, 90, 170, 255] {
                    all.append(("plain \(red) \(green) \(blue)", { _, _, _ in (red, green, blue) }))
                }
            }
        }
        for step in 0...32 {
            let level = Double(step) * 8 - 0.5
            all.append(("grey \(level)", { _, _, _ in grey(level) }))
        }
        for (low, high) in [(0.0, 255.0), (60, 130), (255, 120), (200, 255), (0, 40)] {
            all.append(("across \(low) \(high)", { x, _, _ in grey(low + (high - low) * x) }))
            all.append(("down \(low) \(high)", { _, y, _ in grey(low + (high - low) * y) }))
            all.append(
                (
                    "wall \(low) \(high)",
                    { x, y, _ in
                        let value = low + (high - low) * (x + y) / 2
                        return (value, value * 0.95, value * 0.85)
                    }
                ))
            all.append(
                (
                    "vignette \(low) \(high)",
                    { x, y, _ in
                        grey(low + (high - low) * min(1, 2 * ((x - 0.5) * (x - 0.5) + (y - 0.5) * (y - 0.5))))
                    }
                ))
        }
        for level in [0.0, 20, 128, 230] {
            for noise in [4.0, 20, 60, 255] {
                all.append(
                    (
                        "noise \(noise) about \(level)",
                        { _, _, random in
                            grey(level + .random(in: -noise...noise, using: &random) / 2)
                        }
                    ))
                all.append(
                    (
                        "coloured noise \(noise) about \(level)",
                        { _, _, random in
                            (
                                level + .random(in: -noise...noise, using: &random) / 2,
                                level + .random(in: -noise...noise, using: &random) / 2,
                                level + .random(in: -noise...noise, using: &random) / 2
                            )
                        }
                    ))
            }
        }
        for count in [3.0, 8, 20, 50] {
            all.append(("stripes \(count)", { x, _, _ in grey(128 + 80 * sin(2 * .pi * count * x)) }))
            all.append(
                (
                    "boards \(count)",
                    { _, y, random in
                        let edge = abs((y * count).truncatingRemainder(dividingBy: 1)) < 0.06
                        let wood = edge ? 40 : 120 + 25 * sin(40 * y * count) + .random(in: -8...8, using: &random)
                        return (wood, wood * 0.75, wood * 0.5)
                    }
                ))
            all.append(
                (
                    "weave \(count)",
                    { x, y, _ in
                        grey(120 + 60 * sin(2 * .pi * count * x) * sin(2 * .pi * count * y))
                    }
                ))
        }
        return all
    }

    @Test func nothingIsSeen() throws {
        let models = try ["xxs-int8.gguf", "xxs-fp16.gguf", "0.5-int8.gguf"].map { name in
            let path = fixture("../../models/cards/" + name)
            return (name, try Model(path: path, settings: ModelSettings(threshold: 0.3, threads: 2)))
        }
        var random = SeededGenerator(seed: 10)
        let image = Image(size: Self.size)
        for (surfaceName, surface) in Self.surfaces {
            var index = 0
            for y in 0..<Self.size.height {
                for x in 0..<Self.size.width {
                    let (red, green, blue) = surface(
                        Double(x) / Double(Self.size.width), Double(y) / Double(Self.size.height), &random)
                    for channel in [red, green, blue] {
                        image.pixels[index] = UInt8(min(max(channel, 0), 255))
                        index += 1
                    }
                }
            }
            for (model, detector) in models {
                detector.load(image)
                detector.run()
                let best = detector.result().detections.map { $0.score }.max()
                #expect(best == nil, "\(model), \(surfaceName): \(best ?? 0)")
            }
        }
    }
}
