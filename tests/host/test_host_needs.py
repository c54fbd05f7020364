"""The list of what the pack needs of ComfyUI, read from the source of every ComfyUI that is here."""

from sigmatic.demo import cli


def test_doctor_finds_all_that_is_needed(installation, capsys):
    assert cli.main(["doctor", "--host", str(installation)]) == 0
    out = capsys.readouterr().out
    assert "Sigmatic runs in it." in out and "off is" not in out
