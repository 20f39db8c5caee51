"""Ground truth as other sets write it: the same boxes from four columns, polygons and MOT rows; the rest is refused."""

import numpy as np
import pytest

from vlt_ros.evaluation.annotations import check_inside, read_annotation
from vlt_ros.evaluation.results import ResultError, read_boxes

BOXES = np.array([[10.0, 20.0, 30.0, 40.5], [12.0, 21.0, 30.0, 40.0], [14.0, 22.5, 31.0, 39.0]])
X, Y, W, H = BOXES.T
POLYGONS = np.column_stack([X, Y, X + W, Y, X + W, Y + H, X, Y + H])
ROWS = {n: np.column_stack([[1, 2, 3], [4, 4, 4], BOXES, *np.ones((n - 6, 3))]) for n in (6, 7, 9, 10)}


def write(file, rows, separator=","):
    file.write_text("\n".join(separator.join(f"{value:.2f}" for value in row) for row in rows) + "\n")
    return file


@pytest.mark.parametrize("separator", [",", "\t", " ", ";"])
@pytest.mark.parametrize("rows", [BOXES, POLYGONS, *ROWS.values()], ids=["box", "polygon", *map(str, ROWS)])
def test_every_kind_gives_the_same_boxes(tmp_path, rows, separator):
    assert read_annotation(write(tmp_path / "t.txt", rows, separator), frames=3) == pytest.approx(BOXES)


def test_a_turned_polygon_becomes_the_box_around_it(tmp_path):
    file = tmp_path / "t.txt"
    file.write_text("10,0,20,10,10,20,0,10\nnan,nan,nan,nan,nan,nan,nan,nan\n")
    assert read_annotation(file)[0].tolist() == [0, 0, 20, 20]
    assert np.isnan(read_annotation(file)[1]).all()


def test_mot_rows_of_several_people_ask_whose_and_frames_without_a_row_are_empty(tmp_path):
    file = tmp_path / "t.txt"
    file.write_text("1,7,1,2,3,4,1\n3,7,5,6,7,8,1\n1,9,0,0,9,9,1\n2,8,0,0,9,9,0\n")  # 8 does not count
    with pytest.raises(ResultError, match=r"rows of several ids \(7, 9\); say whose: --target-id NUMBER"):
        read_annotation(file, 4)
    with pytest.raises(ResultError, match=r"no rows of id 8 \(7, 9\)"):
        read_annotation(file, 4, 8)
    boxes = read_annotation(file, 4, 7)
    assert boxes[[0, 2]].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]] and np.isnan(boxes[[1, 3]]).all()
    with pytest.raises(ResultError, match="t.txt:2: frame 3 of a video of 2 frames"):
        read_annotation(file, 2, 7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x,y,w,h\n1,2,3,4\n", "t.txt:1: 'x y w h' is not numbers"),
        ("1,2,3,4\n1,2,3\n", "t.txt:2: 3 columns after lines of 4"),
        ("1,2,3,4\n1,2,3,4,5,6,7,8\n", "t.txt:2: 8 columns after lines of 4"),
        ("1,2,3,4,5\n", "t.txt:1: 5 columns; wanted x,y,w,h"),
        ("m0,3,4,5,6,7\n", "t.txt:1: 'm0 3 4 5 6 7' is not numbers"),
        ("1,2,3,4\n1,2,inf,4\n", "t.txt:2: '1 2 inf 4' is infinite"),
        ("1,50;2,00;3,00;4,00\n", "t.txt:1: .* write decimal points"),
        ("0,1,1,2,3,4,1\n", "t.txt:1: frame and id are not whole numbers from 1"),
        ("1.5,1,1,2,3,4,1\n", "t.txt:1: frame and id are not whole numbers from 1"),
        ("\n\n", "t.txt is empty"),
        ("1,2,3,4\n", "t.txt has 1 lines for a video of 3 frames"),
    ],
)
def test_what_is_no_annotation_is_refused_with_its_line(tmp_path, text, said):
    (tmp_path / "t.txt").write_text(text)
    with pytest.raises(ResultError, match=said):
        read_annotation(tmp_path / "t.txt", 3)


def test_text_of_another_encoding_is_refused_with_its_line_and_a_byte_order_mark_is_read(tmp_path):
    file = write(tmp_path / "t.txt", BOXES)
    file.write_bytes(file.read_bytes() + "# boîte\n".encode("latin-1"))
    with pytest.raises(ResultError, match="t.txt:4: not UTF-8"):
        read_annotation(file)
    file.write_bytes(b"\xef\xbb\xbf" + write(file, BOXES).read_bytes().replace(b"\n", b"\r\n"))
    assert read_annotation(file) == pytest.approx(BOXES)


def test_corners_in_the_place_of_a_size_are_refused(tmp_path):
    corners = np.column_stack([X + 50, Y + 50, X + W + 50, Y + H + 50])
    with pytest.raises(ResultError, match=r"look like corners x0,y0,x1,y1, wanted x,y,w,h"):
        check_inside(corners, (120, 130), tmp_path / "t.txt")
    check_inside(BOXES, (120, 130), tmp_path / "t.txt")
    check_inside(np.array([[100.0, 100.0, 40.0, 40.0], [0.0, 0.0, 9.0, 9.0]]), (120, 130), tmp_path / "t.txt")


def test_results_may_have_a_score_behind_the_box_but_are_no_polygons(tmp_path):
    with pytest.raises(ResultError, match="t.txt:1"):
        read_boxes(write(tmp_path / "t.txt", POLYGONS))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,1,9,9,5,5,1\n1000000000000,1,9,9,5,5,1\n", r"t.txt:2: frame 1000000000000 is beyond 10000000"),
        ("1,1,9,9,5,5,1\n1e18,1,9,9,5,5,1\n", r"t.txt:2: frame 1000000000000000000 is beyond"),
        ("1,1,9,9,5,5,1\n2,1,9,9,5,5,1\n1,1,90,9,5,5,1\n", "frame 1 has two rows of id 1; wanted one"),
        ("9,9,5,5\n1e308,9,5,5\n", r"t.txt:2: 1e\+308 is no pixel"),
        ("0.1,0.2,0.3,0.4\n0.1,0.2,0.3,0.4\n", "shares of the image's sides; wanted pixels"),
    ],
)
def test_numbers_that_are_no_frames_or_pixels_are_refused(tmp_path, text, said):
    file = tmp_path / "t.txt"
    file.write_text(text)
    with pytest.raises(ResultError, match=said):
        read_annotation(file)


def test_only_a_line_feed_or_a_carriage_return_ends_a_line(tmp_path):
    file = tmp_path / "t.txt"
    file.write_bytes(b"10,20,30,40\x0c\r\n11,20,30,40\x0c\r\n")
    assert read_annotation(file, 2)[:, 0].tolist() == [10, 11]
