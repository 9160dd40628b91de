"""One curve over the sessions in and out of sample, by hand."""

from datetime import date

from rorq_pipeline.report.figures.sample import sessions_figure


def test_the_curve_out_of_sample_goes_on_where_the_range_ended() -> None:
    inside = {date(2023, 1, 3): 10.0, date(2023, 1, 4): -4.0, date(2023, 1, 5): 7.0}
    figure = sessions_figure(inside, [date(2023, 1, 6), date(2023, 1, 9)], [5.0, -20.0])
    assert figure == {
        "data": [
            {
                "type": "scatter", "mode": "lines+markers", "name": "In sample",
                "x": ["3 Jan 23", "4 Jan 23", "5 Jan 23"], "y": [10.0, 6.0, 13.0],
                "line": {"color": "--blue", "width": 2, "dash": "solid"},
                "marker": {"color": "--blue", "size": 5},
                "hovertemplate": "In sample, %{x}<br><b>%{y:$,.2f}</b><extra></extra>",
            },
            {
                "type": "scatter", "mode": "lines+markers", "name": "Out of sample",
                "x": ["5 Jan 23", "6 Jan 23", "9 Jan 23"], "y": [13.0, 18.0, -2.0],
                "line": {"color": "--blue", "width": 2, "dash": "dot"},
                "marker": {"color": "--blue", "size": 5},
                "hovertemplate": "Out of sample, %{x}<br><b>%{y:$,.2f}</b><extra></extra>",
            },
        ],
        "layout": {
            "height": 300,
            "legend": {"orientation": "h", "y": 1.14},
            "xaxis": {"type": "category", "nticks": 10},
            "yaxis": {"title": {"text": "Net P&L, USD"}, "tickformat": "$,~f", "zeroline": True},
        },
    }  # fmt: skip
