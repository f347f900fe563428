import TestSupport
import Testing
import Vision

@testable import Settings
@testable import Service

@Suite struct DetectionFilterTests {
    static let labels = ["background", "ace", "king", "ace"].map { ArraySlice($0.utf8) }

    func filter(_ text: String) throws -> DetectionFilter {
        let reader = Array(text.utf8).withUnsafeBytes { ConfigurationReader.read($0) }
        #expect(reader.mistakes.isEmpty)
        return DetectionFilter(reader.configuration, labels: Self.labels)
    }

    func detection(_ x: Float, _ y: Float, size: Float = 0.2) -> Detection {
        let half = size / 2
        let box = Box(left: x - half, top: y - half, right: x + half, bottom: y + half)
        return Detection(classIndex: 1, score: 1, box: box)
    }

    @Test func thresholdsAndClassesAreTheDecoders() throws {
        #expect(try filter("").thresholds == [0.3, 0.3, 0.3, 0.3])
        #expect(try filter("[detect]\nthreshold = 0.5\n[threshold]\nace = 0.25").thresholds == [0.5, 0.25, 0.5, 0.25])
        let king = try filter("[detect]\nclasses = king\n[threshold]\nace = 0")
        #expect(king.thresholds == [.infinity, .infinity, 0.3, .infinity])
    }

    @Test func theMiddleOfABoxDecides() throws {
        let included = try filter("[zone a]\ninclude = 0.25 0.25 0.5 0.5")
        #expect(included.keeps(detection(0.3, 0.3, size: 0.9)) && included.keeps(detection(0.25, 0.25)))
        // Right and lower edges are outside.
        #expect(!included.keeps(detection(0.5, 0.3)) && !included.keeps(detection(0.3, 0.5)))
        #expect(!included.keeps(detection(0.6, 0.6, size: 0.9)))
        let excluded = try filter("[zone a]\nexclude = 0.25 0.25 0.5 0.5")
        #expect(!excluded.keeps(detection(0.3, 0.3)) && excluded.keeps(detection(0.6, 0.3)))
    }

    /// Any of the included rectangles, none of the excluded ones: against the same in the words of sets.
    @Test func zonesJoin() throws {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<200 {
            var text = ""
            var includes: [[Int]] = []
            var excludes: [[Int]] = []
            for zone in 0..<Int.random(in: 0...4, using: &random) {
                text += "[zone \(zone)]\n"
                // One of the two at least.
                let kinds = [[true], [false], [true, false]].randomElement(using: &random)!
                for isInclude in kinds {
                    let (left, top) = (Int.random(in: 0...7, using: &random), Int.random(in: 0...7, using: &random))
                    let (right, bottom) = (
                        Int.random(in: left + 1...8, using: &random), Int.random(in: top + 1...8, using: &random)
                    )
                    let numbers = [left, top, right, bottom]
                    text += (isInclude ? "include" : "exclude") + " ="
                    text += numbers.map { " \(Double($0) / 8)" }.joined() + "\n"
                    if isInclude { includes.append(numbers) } else { excludes.append(numbers) }
                }
            }
            let filter = try filter(text)
            for x in 0..<8 {
                for y in 0..<8 {
                    // The middle of a cell of an eighth.
                    func covers(_ zone: [Int]) -> Bool {
                        (zone[0]..<zone[2]).contains(x) && (zone[1]..<zone[3]).contains(y)
                    }
                    let isIncluded = includes.isEmpty || includes.contains(where: covers)
                    let expected = isIncluded && !excludes.contains(where: covers)
                    #expect(filter.keeps(detection(Float(2 * x + 1) / 16, Float(2 * y + 1) / 16)) == expected)
                }
            }
        }
    }

    @Test func aBoxThatIsNoNumberIsNowhere() throws {
        #expect(try !filter("[zone a]\ninclude = 0 0 1 1").keeps(detection(.nan, 0.5)))
    }
}
